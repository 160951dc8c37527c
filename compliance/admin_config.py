"""Django's admin with a site of ours; INSTALLED_APPS names this in its place."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    default = False
    default_site = "compliance.admin_site.OperatorsSite"
