from risk.models.feeds import FeedHold, IndexTick, PremiumSample
from risk.models.funding import FundingRequest

__all__ = ["FeedHold", "FundingRequest", "IndexTick", "PremiumSample"]
