"""An operator in the browser: sees how the exchange runs, and steers it."""

import pytest
from playwright.sync_api import expect

from tests.pages.test_looks import SIZES, check

EMAIL, PASSWORD = "operator@example.com", "a horse by the battery"
APPOINT = f"""
from compliance.services import roles
from compliance.services.audit import Mandate
from exchange.identity.models import User
if not User.objects.filter(email="{EMAIL}").exists():
    root = User.objects.create_superuser("root@example.com")
    user = User.objects.create_user("{EMAIL}", "{PASSWORD}")
    user.take_email_as_verified()
    roles.appoint(mandate=Mandate(root, "on call"), user=user, role="operator")
"""


@pytest.fixture
def operator(visitors, exchange, sign_ins):
    """(path, options) -> a page of an operator who is signed in."""

    def open_page(path, **options):
        if EMAIL not in sign_ins:
            exchange.run("manage.py", "shell", "-c", APPOINT)
            page = visitors.stranger("/sign-in")
            page.get_by_label("E-mail").fill(EMAIL)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_text(EMAIL)).to_be_attached()
            sign_ins[EMAIL] = page.context.storage_state()
        return visitors.stranger(path, storage_state=sign_ins[EMAIL], **options)

    return open_page


@SIZES
def test_the_operators_page_lives_and_fits(operator, viewport):
    page = operator("/ops", viewport=viewport)
    expect(page.get_by_text("Engine leads")).to_be_visible()
    sequence = page.locator(".figures dd").first
    expect(sequence).not_to_have_text(sequence.inner_text())
    check(page, "/ops")


def test_an_operator_stops_a_market_and_lets_it_go_on(operator):
    watching = operator("/ops")
    state = (
        watching.get_by_role("row").filter(has=watching.get_by_role("link", name="ETH-PERP")).get_by_role("cell").first
    )
    expect(state).to_have_text("normal")
    page = operator("/admin/trading/instrument/")
    page.get_by_role("link", name="2", exact=True).click()
    for word in ("halted", "normal"):
        page.get_by_role("link", name="Change state").click()
        page.get_by_label("State").select_option(word)
        page.get_by_role("button", name="Change state").click()
        expect(page.locator("#id_reason")).to_be_visible()  # a reason is missing: nothing was done
        expect(page.get_by_text("This field is required")).to_be_visible()
        page.get_by_label("Reason").fill(f"a drill: {word}")
        page.get_by_role("button", name="Change state").click()
        expect(page.get_by_text(f"ETH-PERP is now: {word}.")).to_be_visible()
        expect(state).to_have_text(word)
        expect(watching.get_by_text(f"a drill: {word}")).to_be_visible()
