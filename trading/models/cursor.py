"""How far each reader of the journal has come, and each stream."""

from django.db import models


class ProjectionCursor(models.Model):
    """Written in the transaction of the projection's own rows: rows and cursor always belong together.

    The lock on this row is the right to change that projection's rows.
    """

    name = models.CharField(max_length=40, primary_key=True)
    sequence = models.BigIntegerField(default=0, help_text="The last record whose effect is in the rows.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(sequence__gte=0), name="cursor_sequence_not_negative")]

    def __str__(self) -> str:
        return f"{self.name} at {self.sequence}"


class StreamPosition(models.Model):
    """The last record that changed what a projection keeps of one market or account: the last sequence of its stream.

    Written in the transaction of the projection's own rows.
    """

    pk = models.CompositePrimaryKey("projection", "owner_id")
    projection = models.CharField(max_length=40)
    owner_id = models.BigIntegerField(help_text="Of an instrument or an account.")
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.projection} of {self.owner_id} at {self.sequence}"
