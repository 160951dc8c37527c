"""The API's description names both ways to authenticate."""

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema

from tests.api.identity import probe


def test_keys_and_sessions_are_described(monkeypatch):
    monkeypatch.setattr(probe.Probe, "get", extend_schema(responses=str)(probe.Probe.get))
    schema = SchemaGenerator(urlconf="tests.api.identity.probe").get_schema(request=None, public=True)
    schemes = schema["components"]["securitySchemes"]
    assert {name: scheme["in"] for name, scheme in schemes.items()} == {"ApiKey": "header", "Session": "cookie"}
    assert schema["paths"]["/probe"]["get"]["security"] == [{"ApiKey": []}, {"Session": []}]
