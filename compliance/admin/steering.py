"""How staff steer from the admin site: a form with a reason, one service called with a mandate, an audit entry."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from compliance.admin_site import ReadOnlyAdmin
from compliance.models import AuditEntry
from compliance.services.audit import MAXIMUM_REASON, Mandate
from exchange.contract.errors import ApiError
from exchange.identity.addresses import client_address

ENTRIES_SHOWN: Final = 10


class CommandForm(forms.Form):
    """`row` is what the command is about, None when it is about everything."""

    reason = forms.CharField(
        max_length=MAXIMUM_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text="Stays in the audit trail: why you do this.",
    )
    field_order: Any = None

    def __init__(self, data: Any, *, row: Any) -> None:
        self.row = row
        super().__init__(data, initial=self.initial_of(row))
        self.order_fields([name for name in self.fields if name != "reason"] + ["reason"])

    def initial_of(self, row: Any) -> dict[str, Any]:
        return {}


class Command(NamedTuple):
    """`carry_out(mandate, row, cleaned data)` returns the sentence to show, or raises ApiError."""

    name: str
    label: str
    right: str
    carry_out: Callable[[Mandate, Any, dict[str, Any]], str]
    form: type[CommandForm] = CommandForm
    warning: str = ""


class SteeredAdmin(ReadOnlyAdmin):
    """`commands` are about one row, `general_commands` about all."""

    commands: tuple[Command, ...] = ()
    general_commands: tuple[Command, ...] = ()
    change_form_template = "admin/steered_form.html"
    change_list_template = "admin/steered_list.html"

    def target_of(self, row: Any) -> str:
        """What the row is called in the audit trail."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("command/<slug:name>/", view(self.general_command), name=self._address_name("general_command")),
            path("<path:object_id>/command/<slug:name>/", view(self.command), name=self._address_name("command")),
        ]
        return own + super().get_urls()

    def command(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        command = _permitted(request, self.commands, name)
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return self._serve(request, command, row, back=self._address("change", object_id))

    def general_command(self, request: HttpRequest, name: str) -> HttpResponse:
        command = _permitted(request, self.general_commands, name)
        return self._serve(request, command, None, back=self._address("changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        links = [
            (command.label, self._address("general_command", command.name))
            for command in self.general_commands
            if request.user.has_perm(command.right)
        ]
        return super().changelist_view(request, {**(extra_context or {}), "commands": links})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        context["commands"] = [
            (command.label, self._address("command", row.pk, command.name))
            for command in self.commands
            if request.user.has_perm(command.right)
        ]
        entries = AuditEntry.objects.filter(target=self.target_of(row)).select_related("actor")
        context["entries"] = entries.order_by("-id")[:ENTRIES_SHOWN]
        return super().render_change_form(request, context, *args, **kwargs)

    def _serve(self, request: HttpRequest, command: Command, row: Any, *, back: str) -> HttpResponse:
        form = command.form(request.POST if request.method == "POST" else None, row=row)
        if form.is_valid():
            fields = form.cleaned_data
            try:
                messages.success(request, command.carry_out(mandate_of(request, fields.pop("reason")), row, fields))
                return HttpResponseRedirect(back)
            except ApiError as error:
                form.add_error(None, f"{error.message} ({error.code})")
        context = {
            **self.admin_site.each_context(request),
            "title": command.label if row is None else f"{command.label}: {row}",
            "command": command,
            "form": form,
            "back": back,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/command.html", context)

    def _address(self, name: str, *arguments: Any) -> str:
        return reverse(f"admin:{self._address_name(name)}", args=arguments, current_app=self.admin_site.name)

    def _address_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"


def mandate_of(request: HttpRequest, reason: str) -> Mandate:
    address = client_address(request)
    return Mandate(request.user, reason, address and str(address), getattr(request, "request_id", ""))


def _permitted(request: HttpRequest, commands: tuple[Command, ...], name: str) -> Command:
    command = next((command for command in commands if command.name == name), None)
    if command is None:
        raise Http404
    if not request.user.has_perm(command.right):
        raise PermissionDenied
    return command
