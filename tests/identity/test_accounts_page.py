"""The page of one's accounts: what each holds, another account, and moving money between them."""

import re

import pytest
from django.test import Client, RequestFactory

from exchange.contract.errors import ApiError
from exchange.identity.models import Account
from frontend import acting
from tests.identity.people import signed_in
from trading.models import AccountTransfer
from trading.services import accounts, collateral
from wallets import selectors
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.services.ledger import post_entry

pytestmark = pytest.mark.django_db(transaction=True)

UNITS = 10**6
START = 1_000 * UNITS


@pytest.fixture
def engine(engine_gateway):
    return engine_gateway


def funded(user):
    account = user.accounts.get()
    accounts.open_account(account_id=account.id, user_id=user.id)
    equity, funding = LedgerAccountName(ledger.EQUITY, "USDT"), LedgerAccountName(ledger.FUNDING, "USDT", account.id)
    movements = ledger.move(source=equity, target=funding, amount_units=2 * START)
    post_entry(idempotency_key=f"start:{account.id}", kind="faucet", movements=movements)
    collateral.transfer(account_id=account.id, asset="USDT", amount_units=START, idempotency_key="start")
    return account


@pytest.fixture
def browser(alice, engine):
    funded(alice)
    return signed_in(alice)


def move(client, source, target, amount, key="one"):
    fields = {"source": source, "target": target, "amount": amount, "idempotency_key": key}
    return client.post("/accounts/transfer", fields)


def test_it_shows_what_each_account_holds(browser, alice):
    page = browser.get("/accounts")
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    (line,) = page.context["lines"]
    assert (line.account, line.wallet, line.margin.collateral) == (alice.accounts.get(), "1000", "1000")
    assert page.content.decode().count("1,000.00") == 4


def test_another_account_is_opened_and_known_to_the_engine(browser, alice, engine):
    assert browser.post("/accounts/open", {"name": "bots"})["Location"] == "/accounts"
    bots = Account.objects.get(owner=alice, name="bots")
    assert engine.engine.state.accounts[bots.id].user_id == alice.id
    assert "The account bots is opened." in browser.get("/accounts").content.decode()


@pytest.mark.parametrize("name", ["", "main", "x" * 41, "<b>", " "])
def test_a_bad_or_taken_name_is_refused_at_its_field(browser, alice, name):
    answer = browser.post("/accounts/open", {"name": name})
    assert answer.status_code == 200 and list(answer.context["opening"].errors) == ["name"]
    assert Account.objects.filter(owner=alice).count() == 1


def test_there_is_a_most_of_accounts(browser, alice, monkeypatch):
    monkeypatch.setattr("exchange.identity.services.MAXIMUM_ACCOUNTS", 2)
    browser.post("/accounts/open", {"name": "second"})
    assert "which is the most there can be" in browser.post("/accounts/open", {"name": "third"}).content.decode()
    assert Account.objects.filter(owner=alice).count() == 2


def test_money_moves_to_another_account_once(browser, alice, engine):
    browser.post("/accounts/open", {"name": "bots"})
    main, bots = alice.accounts.order_by("id")
    for _ in range(2):  # as if the button was pressed twice
        assert move(browser, f"{main.id}-margin", f"{bots.id}-margin", "250.5")["Location"] == "/accounts"
    lines = browser.get("/accounts").context["lines"]
    assert [(line.margin.collateral, line.wallet) for line in lines] == [("749.5", "1000"), ("250.5", "0")]
    page = browser.get("/accounts").content.decode()
    assert "250.5 USDT from main: margin to bots: margin" in page and "done" in page
    assert selectors.faults() == []


def test_each_form_has_a_key_of_its_own(browser):
    keys = {browser.get("/accounts").context["moving"]["idempotency_key"].value() for _ in range(2)}
    assert len(keys) == 2 and all(len(key) == 32 for key in keys)


@pytest.mark.parametrize("amount", ["", "0", "-1", "1e3", "0.0000001", "1,5", "1000000001", "\u0661"])
def test_what_is_no_amount_is_refused_at_its_field(browser, alice, amount):
    main = alice.accounts.get()
    answer = move(browser, f"{main.id}-margin", f"{main.id}-wallet", amount)
    assert answer.status_code == 200 and list(answer.context["moving"].errors) == ["amount"]
    assert not AccountTransfer.objects.exists()


def test_more_than_there_is_says_so_and_moves_nothing(browser, alice):
    main = alice.accounts.get()
    answer = move(browser, f"{main.id}-margin", f"{main.id}-wallet", "1000.01")
    assert "Lower the amount, or add funds." in answer.content.decode()
    assert browser.get("/accounts").context["lines"][0].wallet == "1000"


def test_accounts_of_others_are_neither_shown_nor_moved_from(browser, alice, bob, engine):
    mine, his = alice.accounts.get(), funded(bob)
    assert f">{his.id}<" not in browser.get("/accounts").content.decode()
    for source, target in ((f"{his.id}-margin", f"{mine.id}-margin"), (f"{mine.id}-margin", f"{his.id}-margin")):
        answer = move(browser, source, target, "1")
        assert answer.status_code == 200 and answer.context["moving"].errors
    assert not AccountTransfer.objects.exists()
    assert engine.engine.state.accounts[his.id].collateral() == {"USDT": START}


def test_an_outcome_nobody_knows_is_told_as_such(browser, alice, engine):
    main = alice.accounts.get()
    engine.faults = ["silent"]
    answer = move(browser, f"{main.id}-margin", f"{main.id}-wallet", "1")
    assert answer.status_code == 302
    page = browser.get("/accounts").content.decode()
    assert "under way" in page and "on its way" in page


def test_the_list_says_where_money_is_that_was_not_taken(browser, alice):
    main, unknown = alice.accounts.get(), Account.objects.create(owner=alice, name="not opened")
    for _ in range(2):
        answer = move(browser, f"{main.id}-margin", f"{unknown.id}-margin", "1").content.decode()
        assert "The money is in the wallet of not opened now." in answer
    page = browser.get("/accounts").content.decode()
    assert "refused</span> The money went to the wallet of not opened." in page


def test_while_the_engine_is_away_the_page_says_so(browser, engine, monkeypatch):
    from exchange.contract.errors import ApiError
    from trading.services import gateway

    def away(query):
        raise ApiError("engine_unavailable")

    monkeypatch.setattr(gateway, "ask", away)
    page = browser.get("/accounts")
    assert page.status_code == 200 and "The engine is away" in page.content.decode()


def test_a_newcomer_gets_play_money_once_and_only_in_the_demo(bob, engine, settings):
    account = bob.accounts.get()
    accounts.open_account(account_id=account.id, user_id=bob.id)
    browser = signed_in(bob)
    assert "play money" not in browser.get("/accounts").content.decode()
    assert browser.post("/demo/money").status_code == 404
    settings.DEMO = True
    assert "play money" in browser.get("/accounts").content.decode()
    for _ in range(2):
        assert browser.post("/demo/money")["Location"] == "/accounts"
    assert engine.engine.state.accounts[account.id].collateral() == {"USDT": 10_000 * UNITS}
    assert selectors.faults() == []


def test_strangers_and_other_sites_reach_nothing(alice):
    assert Client().get("/accounts")["Location"] == "/sign-in?next=/accounts"
    other_site = Client(enforce_csrf_checks=True)
    other_site.force_login(alice)
    for path in ("/accounts/open", "/accounts/transfer"):
        assert Client().post(path)["Location"].startswith("/sign-in")
        assert other_site.post(path, {"name": "x"}).status_code == 403
        assert Client().get(path).status_code == 405
    assert Account.objects.filter(owner=alice).count() == 1


def test_pages_count_against_the_limits_of_their_user(browser, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "user": (5, 0.001)}
    answers = [browser.get("/accounts").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_a_refused_wish_can_be_corrected(browser, alice):
    account = alice.accounts.get()
    form = {"source": f"{account.id}-margin", "target": f"{account.id}-wallet", "idempotency_key": "once"}
    refused = browser.post("/accounts/transfer", {**form, "amount": "999999"})
    (key,) = re.findall(r'name="idempotency_key" value="(\w+)"', refused.content.decode())
    assert key != "once"
    done = browser.post("/accounts/transfer", {**form, "amount": "5", "idempotency_key": key})
    assert done.status_code == 302


def test_a_page_acts_for_the_account_it_shows(browser, alice, bob):
    main = alice.accounts.get()
    other = accounts.open_new_account(owner=alice, name="bots")
    order = {"side": "buy", "type": "limit", "price": "1", "quantity": "1", "time_in_force": "gtc"}
    browser.post("/trade/BTC-PERP/account/choose", {"account": other.id})
    requests = [
        RequestFactory().post("/", order, headers={"X-Account": str(main.id)}),
        RequestFactory().post("/", order),
    ]
    for request in requests:
        request.user, request.session = alice, {acting.CHOSEN: other.id}
    assert [acting.principal_of(request).acting_account_id() for request in requests] == [main.id, other.id]
    for name in (str(bob.accounts.get().id), "x", "1" * 5000):
        request = RequestFactory().post("/", order, headers={"X-Account": name})
        request.user, request.session = alice, {}
        with pytest.raises(ApiError) as refused:
            acting.principal_of(request)
        assert refused.value.code == "account_not_found"
