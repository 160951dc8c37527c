"""The OpenAPI document and the page that shows it, both served from here alone."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(schema_document(), content_type=OpenApiJsonRenderer.media_type)


@cache
def schema_document() -> bytes:
    """It only changes with the code, and takes a second to make."""
    return OpenApiJsonRenderer().render(SchemaGenerator().get_schema(request=None, public=True))


@require_safe
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """What a description field by field cannot tell."""
    path = settings.BASE_DIR / "docs" / f"{name}.md"
    return HttpResponse(path.read_bytes(), content_type="text/plain; charset=utf-8")


class Docs(SpectacularSwaggerSplitView):
    """Without inline script or style, as the content security policy asks."""

    template_name = "api/docs.html"
