"""Users, accounts and keys in the database."""

from datetime import timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from exchange.contract.errors import ApiError
from exchange.identity import selectors, vault
from exchange.identity.models import Account, ApiKey, User
from exchange.identity.services import create_account, create_api_key, note_key_used, revoke_api_key

HOME = ["192.0.2.0/24"]


def test_a_user_is_known_by_an_email_in_any_spelling(alice):
    assert User.objects.get_by_natural_key("  ALICE@Example.COM ") == alice
    assert User.objects.create_user("Carol@Example.com").email == "carol@example.com"


def test_two_spellings_of_an_email_make_one_user(alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("Alice@example.com")
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"), transaction.atomic():
        User.objects.bulk_create([User(email="ALICE@example.com")])


def test_createsuperuser_works(db):
    call_command("createsuperuser", email="Root@Example.com", interactive=False, stdout=StringIO())
    root = User.objects.get(email="root@example.com")
    assert root.is_staff and root.is_superuser and not root.has_usable_password()


def test_a_user_has_several_accounts_with_names_of_their_own(alice, bob):
    first, second = (create_account(owner=alice, name=name) for name in ("main", "bots"))
    assert 0 < first.id < second.id
    assert create_account(owner=bob, name="main").owner == bob
    with pytest.raises(ApiError) as refusal:
        create_account(owner=alice, name="main")
    assert refusal.value.code == "invalid_parameter"
    assert Account.objects.filter(owner=alice).count() == 2


@pytest.mark.parametrize("name", ["", " main", "x" * 41, "a\nb", "<b>", "\u0661"])
def test_odd_account_names_are_refused(alice, name):
    with pytest.raises(ApiError):
        create_account(owner=alice, name=name)
    assert not Account.objects.exists()


def test_a_key_is_stored_encrypted_and_found(account):
    key, secret = create_api_key(account=account, label="bot", scopes=["trade", "read"], networks=["192.0.2.7", "::1"])
    row = ApiKey.objects.get(public_id=key.public_id)
    assert secret not in row.encrypted_secret
    assert row.scopes == ["read", "trade"]
    assert row.allowed_networks == ["192.0.2.7/32", "::1/128"]
    found = selectors.find_key(public_id=key.public_id)
    assert (found.secret.decode(), found.account_id, found.user) == (secret, account.id, account.owner)
    assert found.scopes == {"read", "trade"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["withdraw"], "networks": HOME},
        {"scopes": ["session"]},
        {"scopes": ["read", "everything"]},
        {"scopes": ["transfer"]},
        {"networks": ["192.0.2.1/24"]},
        {"networks": ["example.com"]},
        {"networks": ["0.0.0.0/0 "]},
        {"label": ""},
        {"label": "x" * 61},
        {"label": "a\x00b"},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_wrong_keys_are_refused(account, wrong):
    with pytest.raises(ApiError) as refusal:
        create_api_key(**{"account": account, "label": "bot", "scopes": ["read"], **wrong})
    assert refusal.value.code == "invalid_parameter"
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("api_key_scopes_grantable", {"scopes": ["withdraw"]}),
        ("api_key_scopes_grantable", {"scopes": []}),
        ("api_key_transfer_needs_networks", {"scopes": ["transfer"]}),
        ("api_key_kind_known", {"kind": "md5"}),
        ("api_key_expires_after_creation", {"expires_at": timezone.now() - timedelta(days=1)}),
    ],
)
def test_the_database_refuses_wrong_keys_too(account, constraint, change):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(**change)


def test_a_key_that_transfers_has_networks(account):
    key, _ = create_api_key(account=account, label="treasury", scopes=["transfer"], networks=HOME)
    assert key.allowed_networks == HOME


def test_revoking_is_felt_at_once_here_and_may_be_repeated(account, django_capture_on_commit_callbacks):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    assert selectors.find_key(public_id=key.public_id).is_live
    with django_capture_on_commit_callbacks(execute=True):
        revoke_api_key(owner=account.owner, public_id=key.public_id)
    assert not selectors.find_key(public_id=key.public_id).is_live
    revoked_at = ApiKey.objects.get(pk=key.pk).revoked_at
    revoke_api_key(owner=account.owner, public_id=key.public_id)
    assert ApiKey.objects.get(pk=key.pk).revoked_at == revoked_at


def test_nobody_revokes_the_key_of_another(account, bob):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    with pytest.raises(ApiError) as refusal:
        revoke_api_key(owner=bob, public_id=key.public_id)
    assert refusal.value.code == "not_found"
    assert ApiKey.objects.get(pk=key.pk).revoked_at is None


def test_a_change_elsewhere_is_felt_within_two_seconds(account, monkeypatch):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    clock = [1000.0]
    monkeypatch.setattr(selectors.time, "monotonic", lambda: clock[0])
    assert selectors.find_key(public_id=key.public_id).is_live
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    assert selectors.find_key(public_id=key.public_id).is_live
    clock[0] += 2
    assert not selectors.find_key(public_id=key.public_id).is_live


def test_a_kept_key_costs_no_query(account, django_assert_num_queries):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    with django_assert_num_queries(1):
        for _ in range(5):
            selectors.find_key(public_id=key.public_id)


def test_an_owner_who_is_off_has_no_live_key(account):
    User.objects.filter(pk=account.owner.pk).update(is_active=False)
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    assert not selectors.find_key(public_id=key.public_id).is_live


def test_last_use_is_written_once_a_minute(account):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    now = timezone.now()
    for seconds, expected in ((0, 0), (59, 0), (61, 61), (62, 61)):
        note_key_used(public_id=key.public_id, now=now + timedelta(seconds=seconds))
        assert ApiKey.objects.get(pk=key.pk).last_used_at == now + timedelta(seconds=expected)


def test_secrets_move_to_the_first_key(account, settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECRET_KEYS = [old]
    made = [create_api_key(account=account, label=f"bot {number}", scopes=["read"]) for number in range(3)]
    settings.SECRET_KEYS = [new, old]
    output = StringIO()
    call_command("rotate_secrets", stdout=output)
    assert output.getvalue().startswith("3 secrets")
    settings.SECRET_KEYS = [new]
    for key, secret in made:
        assert vault.decrypt(ApiKey.objects.get(pk=key.pk).encrypted_secret).decode() == secret
    settings.SECRET_KEYS = [old]
    with pytest.raises(InvalidToken):
        vault.decrypt(ApiKey.objects.get(pk=made[0][0].pk).encrypted_secret)


def test_rotation_without_the_old_key_changes_nothing(account, settings):
    key, _ = create_api_key(account=account, label="bot", scopes=["read"])
    settings.SECRET_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="Nothing changed"):
        call_command("rotate_secrets")
    assert ApiKey.objects.get(pk=key.pk).encrypted_secret == key.encrypted_secret


def test_the_command_prints_a_key_that_works(account):
    output = StringIO()
    options = [
        "--account=main",
        "--label=bot",
        "--scopes=read, trade",
        "--networks=192.0.2.0/24",
        "--expires=2100-01-01",
    ]
    call_command("create_api_key", "Alice@example.com", *options, stdout=output)
    public_id, secret = (line.split()[1] for line in output.getvalue().splitlines())
    found = selectors.find_key(public_id=public_id)
    assert found.secret.decode() == secret
    assert (found.account_id, found.scopes, found.expires_at.year) == (account.id, {"read", "trade"}, 2100)


@pytest.mark.parametrize(
    ("email", "account_name", "scopes", "problem"),
    [
        ("bob@example.com", "main", "read", "no account"),
        ("alice@example.com", "other", "read", "no account"),
        ("alice@example.com", "main", "withdraw", "scopes"),
        ("alice@example.com", "main", "transfer", "networks"),
    ],
)
def test_the_command_says_what_is_wrong(account, bob, email, account_name, scopes, problem):
    with pytest.raises(CommandError, match=problem):
        call_command("create_api_key", email, f"--account={account_name}", "--label=bot", f"--scopes={scopes}")
    assert not ApiKey.objects.exists()
