"""The pages: a view parses, calls one selector or service, and renders."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home/page.html")
