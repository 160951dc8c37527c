"""The addresses of our pages under the names by which django-allauth looks for them."""

from allauth.account import views as allauth
from django.urls import path, re_path

from exchange.identity import views

sent = allauth.EmailVerificationSentView.as_view(template_name="identity/letter_sent.html")
reset_sent = allauth.PasswordResetDoneView.as_view(template_name="identity/reset_sent.html")
reset_done = allauth.PasswordResetFromKeyDoneView.as_view(template_name="identity/reset_done.html")

urlpatterns = [
    path("sign-in", views.SignIn.as_view(), name="account_login"),
    path("sign-up", views.SignUp.as_view(), name="account_signup"),
    path("confirm-email", sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)$", views.ConfirmEmail.as_view(), name="account_confirm_email"),
    path("reset-password", views.ResetPassword.as_view(), name="account_reset_password"),
    path("reset-password", views.ResetPassword.as_view(), name="account_set_password"),
    path("reset-password/sent", reset_sent, name="account_reset_password_done"),
    path("reset-password/done", reset_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^reset-password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
        views.ChoosePassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password", views.ChangePassword.as_view(), name="account_change_password"),
    path("reauthenticate", views.Reauthenticate.as_view(), name="account_reauthenticate"),
    path("sessions", views.Sessions.as_view(), name="usersessions_list"),
]
