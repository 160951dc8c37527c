from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ComplianceConfig(AppConfig):
    name = "compliance"

    def ready(self) -> None:
        from compliance.services.roles import make_roles

        post_migrate.connect(make_roles, sender=self)  # as Django makes the rights: a role is a group that has some
