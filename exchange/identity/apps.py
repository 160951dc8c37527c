from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "exchange.identity"
    label = "identity"
    verbose_name = "Identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import exchange.identity.openapi  # noqa: F401  (registers itself with drf-spectacular)
