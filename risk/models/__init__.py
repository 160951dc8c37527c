from risk.models.feeds import FeedHold, IndexTick, PremiumSample

__all__ = ["FeedHold", "IndexTick", "PremiumSample"]
