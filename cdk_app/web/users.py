"""Who may sign in: a pool of users that an operator invites, and the group of administrators."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from skyburst.homes.aws.signing_in import ADMINISTRATORS

PASSWORD_CHARACTERS = 12
INVITED_DAYS = 7
"""How long the password of an invitation is valid."""
TOKEN_HOURS = 1
SESSION_DAYS = 30
"""After which people sign in again."""


class Users(Construct):
    """Users have names, those of their profiles, and may sign in with their address too. They stay when the stack goes."""

    def __init__(self, scope: Construct, name: str, *, prefix: str) -> None:
        super().__init__(scope, name)
        self.pool = cognito.UserPool(
            self, "Pool",
            user_pool_name=prefix,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            standard_attributes=cognito.StandardAttributes(email=cognito.StandardAttribute(required=True, mutable=True)),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=PASSWORD_CHARACTERS, require_digits=True, require_lowercase=True, require_uppercase=True,
                require_symbols=True, temp_password_validity=cdk.Duration.days(INVITED_DAYS),
            ),
            feature_plan=cognito.FeaturePlan.LITE,
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )  # fmt: skip
        self.client = self.pool.add_client(
            "Page",
            user_pool_client_name=f"{prefix}-page",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            id_token_validity=cdk.Duration.hours(TOKEN_HOURS),
            access_token_validity=cdk.Duration.hours(TOKEN_HOURS),
            refresh_token_validity=cdk.Duration.days(SESSION_DAYS),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            read_attributes=cognito.ClientAttributes().with_standard_attributes(email=True, email_verified=True),
            # A user who could change the address could take over somebody else's sign-in.
            write_attributes=cognito.ClientAttributes().with_standard_attributes(locale=True),
        )
        cognito.CfnUserPoolGroup(
            self, "Administrators", user_pool_id=self.pool.user_pool_id, group_name=ADMINISTRATORS,
            description="See the jobs of everybody",
        )  # fmt: skip
