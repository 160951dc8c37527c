from exchange.identity.models.account import Account
from exchange.identity.models.api_key import ApiKey
from exchange.identity.models.user import User

__all__ = ["Account", "ApiKey", "User"]
