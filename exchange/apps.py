from importlib import import_module

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "exchange"
    label = "exchange"

    def ready(self) -> None:
        import_module("exchange.celery")  # tasks called from any process then know their broker
