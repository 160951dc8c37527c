"""What operators and auditors may do. Two rights are enough: to look at everything, and to give commands.

They hang on the audit trail's model, because Django keeps rights by model; the groups are made by a migration.
"""

from typing import Final

INSPECT: Final = "compliance.inspect"
OPERATE: Final = "compliance.operate"
