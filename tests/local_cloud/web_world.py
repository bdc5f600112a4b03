"""What people reach with a browser, in one small stack, and a user who signs in as a page does: with SRP."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.web.user_pools import GENERATOR, PRIME
from tests.local_cloud.helpers import unique

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
PASSWORD = "Correct-Horse-7"
ECHO = """
import base64, json, os, time
def handler(event, context):
    path = event["pathParameters"]["proxy"]
    if path == "cookies":
        return {"statusCode": 201, "cookies": ["a=1; Path=/", "b=2"], "headers": {"X-Own": "yes"}, "body": "made"}
    if path == "bytes":
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "isBase64Encoded": True,
                "body": base64.b64encode(bytes(range(256))).decode()}
    if path == "plain":
        return {"any": "thing"}
    if path == "fail":
        raise ValueError("broken")
    if path == "large":
        return {"statusCode": 200, "body": "x" * 7_000_000}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
ADDRESSES = """
function handler(event) {
  var request = event.request;
  if (request.uri === "/old") { return { statusCode: 301, headers: { location: { value: "/new" } } }; }
  if (request.uri === "/broken") { throw new Error("no"); }
  if (!request.uri.includes(".")) { request.uri = "/index.html"; }
  return request;
}
"""
OWN_CHANNEL = """
import { util } from "@aws-appsync/utils";
export function onSubscribe(ctx) {
  if (ctx.info.channel.path !== `/jobs/${ctx.identity.sub}`) { util.unauthorized(); }
}
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
            "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Files", "Arn"]}, "/*"]]},
            "Condition": {
                "StringEquals": {
                    "AWS:SourceArn": {
                        "Fn::Join": ["", ["arn:aws:cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/", {"Ref": "Page"}]]
                    }
                }
            },
        }
    ],
}  # fmt: skip


def resources() -> dict[str, Any]:
    """A pool with a client, an API whose function answers what it was given, a distribution, and channels."""
    modes = {
        name: [{"AuthType": "AMAZON_COGNITO_USER_POOLS"}]
        for name in ("ConnectionAuthModes", "DefaultSubscribeAuthModes")
    }
    cognito = {
        "UserPoolId": {"Ref": "Pool"},
        "AwsRegion": {"Ref": "AWS::Region"},
        "AppIdClientRegex": {"Ref": "Client"},
    }
    issuer = {"Fn::Join": ["", ["https://cognito-idp.", {"Ref": "AWS::Region"}, ".amazonaws.com/", {"Ref": "Pool"}]]}
    of_api = ["arn:aws:execute-api:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":", {"Ref": "Api"}]
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "Pool": ("Cognito::UserPool", {
            "AliasAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": False},
            "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireSymbols": True}},
        }),
        "Client": ("Cognito::UserPoolClient", {
            "UserPoolId": {"Ref": "Pool"}, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "ReadAttributes": ["email", "email_verified"],
        }),
        "Stranger": ("Cognito::UserPoolClient", {"UserPoolId": {"Ref": "Pool"}, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}),
        "Administrators": ("Cognito::UserPoolGroup", {"UserPoolId": {"Ref": "Pool"}, "GroupName": "administrators"}),
        "Role": ("IAM::Role", {"AssumeRolePolicyDocument": TRUST}),
        "Echo": ("Lambda::Function", {
            "Runtime": "python3.12", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Timeout": 10,
            "Code": {"ZipFile": ECHO}, "MemorySize": 256,
        }),
        "Api": ("ApiGatewayV2::Api", {"Name": "echo", "ProtocolType": "HTTP"}),
        "Stage": ("ApiGatewayV2::Stage", {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True}),
        "Integration": ("ApiGatewayV2::Integration", {
            "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": {"Fn::GetAtt": ["Echo", "Arn"]},
        }),
        "Authorizer": ("ApiGatewayV2::Authorizer", {
            "ApiId": {"Ref": "Api"}, "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"],
            "Name": "users", "JwtConfiguration": {"Issuer": issuer, "Audience": [{"Ref": "Client"}]},
        }),
        "Route": ("ApiGatewayV2::Route", {
            "ApiId": {"Ref": "Api"}, "RouteKey": "ANY /api/{proxy+}", "AuthorizationType": "JWT",
            "AuthorizerId": {"Ref": "Authorizer"}, "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]},
        }),
        "Permission": ("Lambda::Permission", {
            "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Echo"}, "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Join": ["", [*of_api, "/*/*/api/{proxy+}"]]},
        }),
        "Files": ("S3::Bucket", {}),
        "FilesPolicy": ("S3::BucketPolicy", {"Bucket": {"Ref": "Files"}, "PolicyDocument": POLICY}),
        "Headers": ("CloudFront::ResponseHeadersPolicy", {"ResponseHeadersPolicyConfig": {
            "Name": "headers",
            "SecurityHeadersConfig": {
                "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'self'", "Override": True},
                "FrameOptions": {"FrameOption": "DENY", "Override": True},
            },
            "CustomHeadersConfig": {"Items": [{"Header": "X-Own", "Value": "policy", "Override": False}]},
        }}),
        "Addresses": ("CloudFront::Function", {
            "Name": "addresses", "FunctionCode": ADDRESSES, "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
        }),
        "Access": ("CloudFront::OriginAccessControl", {"OriginAccessControlConfig": {"Name": "access"}}),
        "Page": ("CloudFront::Distribution", {"DistributionConfig": {
            "Enabled": True,
            "DefaultCacheBehavior": {
                "TargetOriginId": "files", "ViewerProtocolPolicy": "redirect-to-https",
                "ResponseHeadersPolicyId": {"Ref": "Headers"},
                "FunctionAssociations": [
                    {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Addresses", "FunctionARN"]}}
                ],
            },
            "CacheBehaviors": [{
                "PathPattern": "/api/*", "TargetOriginId": "api", "ViewerProtocolPolicy": "https-only",
                "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
                "ResponseHeadersPolicyId": {"Ref": "Headers"},
            }],
            "Origins": [
                {"Id": "files", "DomainName": {"Fn::GetAtt": ["Files", "RegionalDomainName"]},
                 "S3OriginConfig": {"OriginAccessIdentity": ""}, "OriginAccessControlId": {"Ref": "Access"}},
                {"Id": "api", "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
                 "DomainName": {"Fn::Join": ["", [{"Ref": "Api"}, ".execute-api.us-east-1.amazonaws.com"]]}},
            ],
        }}),
        "Events": ("AppSync::Api", {"Name": "events", "EventConfig": {
            "AuthProviders": [
                {"AuthType": "AMAZON_COGNITO_USER_POOLS", "CognitoConfig": cognito}, {"AuthType": "AWS_IAM"}
            ],
            "DefaultPublishAuthModes": [{"AuthType": "AWS_IAM"}], **modes,
        }}),
        "Jobs": ("AppSync::ChannelNamespace", {
            "ApiId": {"Fn::GetAtt": ["Events", "ApiId"]}, "Name": "jobs", "CodeHandlers": OWN_CHANNEL
        }),
    }  # fmt: skip
    return {name: {"Type": f"AWS::{kind}", "Properties": one} for name, (kind, one) in kinds.items()}


@dataclass(frozen=True)
class World:
    """The stack."""

    cloud: LocalCloud
    outputs: dict[str, str]

    @property
    def page(self) -> str:
        """Address of the distribution."""
        return f"http://{self.outputs['Host']}"

    def cognito(self) -> Any:
        """A client without credentials, as a page has none."""
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config

        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        return boto3.client(
            "cognito-idp", region_name=self.cloud.region, endpoint_url=self.cloud.endpoint, config=config
        )

    def user(self, *, groups: tuple[str, ...] = (), permanent: bool = True) -> str:
        """Make a user, whose password is PASSWORD; the name."""
        name, client, pool = unique("user"), self.cloud.client("cognito-idp"), self.outputs["Pool"]
        attributes = [
            {"Name": "email", "Value": f"{name}@example.org"}, {"Name": "email_verified", "Value": "true"}
        ]  # fmt: skip
        client.admin_create_user(UserPoolId=pool, Username=name, TemporaryPassword=PASSWORD, UserAttributes=attributes)
        if permanent:
            client.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
        for group in groups:
            client.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
        return name

    def sign_in(self, name: str, password: str = PASSWORD, client: str = "Client") -> dict[str, Any]:
        """Sign in with SRP; the answer to the proof of the password."""
        return srp_sign_in(self.cognito(), self.outputs["Pool"], self.outputs[client], name, password)

    def token(self, name: str, client: str = "Client") -> str:
        """The ID token of a user."""
        return str(self.sign_in(name, client=client)["AuthenticationResult"]["IdToken"])


def deploy_world(cloud: LocalCloud, folder: Path, **more: Any) -> World:
    """Deploy it."""
    stack = unique("web")
    outputs = {
        "Host": {"Fn::GetAtt": ["Page", "DomainName"]}, "Pool": {"Ref": "Pool"}, "Client": {"Ref": "Client"},
        "Stranger": {"Ref": "Stranger"}, "Api": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}, "Files": {"Ref": "Files"},
        "Http": {"Fn::GetAtt": ["Events", "Dns.Http"]}, "Realtime": {"Fn::GetAtt": ["Events", "Dns.Realtime"]},
        "Namespace": {"Ref": "Jobs"}, "Echo": {"Ref": "Echo"},
    }  # fmt: skip
    template = {
        "Resources": {**resources(), **more},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "template.json"}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {stack: artifact}}), encoding="utf-8")
    return World(cloud, cloud.deploy(folder, stack).outputs)


def srp_sign_in(client: Any, pool: str, client_id: str, name: str, password: str) -> dict[str, Any]:
    """Sign in as pages do, with the client's part of SRP."""
    own = secrets.randbits(1024)
    public = pow(GENERATOR, own, PRIME)
    asked = client.initiate_auth(
        ClientId=client_id, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": f"{public:x}"}
    )["ChallengeParameters"]
    user, block = asked["USER_ID_FOR_SRP"], asked["SECRET_BLOCK"]
    theirs, salt = int(asked["SRP_B"], 16), bytes.fromhex(asked["SALT"])
    inner = hashlib.sha256(f"{pool.split('_')[1]}{user}:{password}".encode()).digest()
    x = int.from_bytes(hashlib.sha256(padded(int.from_bytes(salt, "big")) + inner).digest(), "big")
    u = int.from_bytes(hashlib.sha256(padded(public) + padded(theirs)).digest(), "big")
    k = int.from_bytes(hashlib.sha256(padded(PRIME) + padded(GENERATOR)).digest(), "big")
    shared = pow(theirs - k * pow(GENERATOR, x, PRIME), own + u * x, PRIME)
    extracted = hmac.new(padded(u), padded(shared), hashlib.sha256).digest()
    key = hmac.new(extracted, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
    at = dt.datetime.now(dt.UTC).strftime("%a %b %-d %H:%M:%S UTC %Y")
    message = pool.split("_")[1].encode() + user.encode() + base64.b64decode(block) + at.encode()
    signature = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    answer: dict[str, Any] = client.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses={
            "USERNAME": user, "PASSWORD_CLAIM_SECRET_BLOCK": block, "TIMESTAMP": at, "PASSWORD_CLAIM_SIGNATURE": signature,
        },
    )  # fmt: skip
    return answer


def padded(number: int) -> bytes:
    """As amazon-cognito-identity-js hashes numbers: whole bytes in hexadecimal, never with the highest bit set."""
    text = f"{number:x}"
    text = f"0{text}" if len(text) % 2 else text
    return bytes.fromhex(f"00{text}" if text[0] in "89abcdef" else text)
