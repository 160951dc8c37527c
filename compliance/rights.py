"""What staff may do: rights, and the roles that have them. They hang on the audit trail's model, because Django keeps
rights by model. A superuser has every right, and alone may appoint."""

from typing import Final

INSPECT: Final = "compliance.inspect"
OPERATE: Final = "compliance.operate"
RESTRICT: Final = "compliance.restrict"
REVOKE: Final = "compliance.revoke"
APPOINT: Final = "compliance.appoint"

DESCRIPTIONS: Final = {
    INSPECT: "May look at every row",
    OPERATE: "May change and halt instruments and the exchange, limit accounts, fill the insurance fund",
    RESTRICT: "May restrict accounts and switch users off",
    REVOKE: "May revoke API keys",
    APPOINT: "May give roles to people",
}
ROLES: Final = {
    "auditor": (INSPECT,),
    "operator": (INSPECT, OPERATE, REVOKE),
    "compliance officer": (INSPECT, RESTRICT, REVOKE),
}


def codename(right: str) -> str:
    return right.partition(".")[2]
