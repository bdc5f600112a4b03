"""What matters of the page in the template: nothing is public but the page and the API, and nothing costs money when idle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_app.settings import client_folder, settings_of
from skyburst.errors import InvalidJob
from tests.cdk_app.test_stack import FREE_WHEN_IDLE, denies_without_tls, of, properties, statements
from tests.deployed.world import context, page_files

Template = dict[str, Any]
FREE = FREE_WHEN_IDLE | {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::AppSync::Api",
    "AWS::AppSync::ChannelNamespace",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolGroup",
}
"""Paid for by request, by message and by user who signs in."""


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_files(tmp_path_factory.mktemp("page") / "dist")


@pytest.fixture(scope="session")
def web(template_of: Callable[..., Template], client: Path) -> Template:
    return template_of(web="yes", web_client=str(client))


def written(value: Any) -> str:
    return json.dumps(value)


def one(template: Template, kind: str) -> dict[str, Any]:
    (found,) = properties(template, kind)
    return found


def test_the_page_costs_nothing_while_nobody_uses_it(web: Template) -> None:
    assert {found["Type"] for found in web["Resources"].values()} <= FREE
    pool = one(web, "AWS::Cognito::UserPool")
    assert pool["UserPoolTier"] == "LITE", "the plan that is free for the most users"
    assert "UserPoolAddOns" not in pool
    assert "WebACLId" not in one(web, "AWS::CloudFront::Distribution")["DistributionConfig"]
    for table in properties(web, "AWS::DynamoDB::Table"):
        assert table["BillingMode"] == "PAY_PER_REQUEST"
    for function in properties(web, "AWS::Lambda::Function"):
        assert "ProvisionedConcurrencyConfig" not in function


def test_every_bucket_is_private_and_the_site_s_is_read_by_its_distribution_only(web: Template) -> None:
    assert len(properties(web, "AWS::S3::Bucket")) == 2
    for bucket in properties(web, "AWS::S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert "WebsiteConfiguration" not in bucket
    (distribution,) = of(web, "AWS::CloudFront::Distribution")
    allowing = []
    for policy in properties(web, "AWS::S3::BucketPolicy"):
        assert denies_without_tls(policy)
        allowing += [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    (statement,) = allowing
    assert (statement["Action"], statement["Principal"]) == ("s3:GetObject", {"Service": "cloudfront.amazonaws.com"})
    assert distribution in written(statement["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_all_routes_want_a_token_of_the_page_s_client(web: Template) -> None:
    (client,) = of(web, "AWS::Cognito::UserPoolClient")
    (authorizer,) = of(web, "AWS::ApiGatewayV2::Authorizer")
    routes = properties(web, "AWS::ApiGatewayV2::Route")
    assert [route["RouteKey"] for route in routes] == ["ANY /api/{proxy+}"]
    assert {(route["AuthorizationType"], route["AuthorizerId"]["Ref"]) for route in routes} == {("JWT", authorizer)}
    assert one(web, "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]["Audience"] == [{"Ref": client}]
    stage = one(web, "AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert "claims.sub" in stage["AccessLogSettings"]["Format"]
    assert "CorsConfiguration" not in one(web, "AWS::ApiGatewayV2::Api"), "the page has the same origin"
    assert not of(web, "AWS::Lambda::Url")


def test_nobody_signs_up_but_by_invitation_and_users_stay_when_the_stack_goes(web: Template) -> None:
    ((_, pool),) = of(web, "AWS::Cognito::UserPool").items()
    assert (pool["DeletionPolicy"], pool["UpdateReplacePolicy"]) == ("Retain", "Retain")
    is_ = pool["Properties"]
    assert is_["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert is_["DeletionProtection"] == "ACTIVE"
    assert is_["UsernameConfiguration"] == {"CaseSensitive": False}
    password = is_["Policies"]["PasswordPolicy"]
    assert password["MinimumLength"] >= 12
    assert all(password[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    client = one(web, "AWS::Cognito::UserPoolClient")
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert (client["GenerateSecret"], client["PreventUserExistenceErrors"]) == (False, "ENABLED")
    assert "email" not in client["WriteAttributes"], "who can change the address could sign in as somebody else"
    assert one(web, "AWS::Cognito::UserPoolGroup")["GroupName"] == "administrators"


def test_a_user_hears_the_own_channel_and_only_the_function_tells(web: Template) -> None:
    settings = one(web, "AWS::AppSync::Api")["EventConfig"]
    cognito, iam = [{"AuthType": "AMAZON_COGNITO_USER_POOLS"}], [{"AuthType": "AWS_IAM"}]
    assert (settings["ConnectionAuthModes"], settings["DefaultSubscribeAuthModes"]) == (cognito, cognito)
    assert settings["DefaultPublishAuthModes"] == iam
    namespace = one(web, "AWS::AppSync::ChannelNamespace")
    assert "ctx.identity.sub" in namespace["CodeHandlers"]
    assert {"PublishAuthModes", "SubscribeAuthModes"}.isdisjoint(namespace), "the API's own modes hold"
    telling = [name for name, statement in statements(web) if "appsync:EventPublish" in written(statement["Action"])]
    assert [name.partition("Policy")[0] for name in telling] == ["WebLiveTell"]
    (rule,) = [one for one in properties(web, "AWS::Events::Rule") if "Skyburst Job Progress" in written(one)]
    assert rule["EventPattern"]["detail-type"] == ["Skyburst Job State Change", "Skyburst Job Progress"]
    assert rule["EventPattern"]["detail"] == {"deployment": ["skyburst"]}


def test_the_api_is_not_cached_and_gets_the_token(web: Template) -> None:
    settings = one(web, "AWS::CloudFront::Distribution")["DistributionConfig"]
    (api,) = settings["CacheBehaviors"]
    assert api["PathPattern"] == "/api/*"
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled"
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"
    assert api["ViewerProtocolPolicy"] == "https-only"
    page = settings["DefaultCacheBehavior"]
    assert (page["AllowedMethods"], page["ViewerProtocolPolicy"]) == (["GET", "HEAD"], "redirect-to-https")
    assert page["ResponseHeadersPolicyId"] == api["ResponseHeadersPolicyId"]
    assert "CustomErrorResponses" not in settings, "errors of the API are not made pages"
    files, http = settings["Origins"]
    assert files["OriginAccessControlId"]
    assert http["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


def test_browsers_run_the_page_s_own_scripts_only_and_speak_to_what_it_needs_only(web: Template) -> None:
    policy = one(web, "AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    text = written(policy["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    assert "default-src 'none'; script-src 'self'; " in text
    assert "unsafe-eval" not in text
    assert "*" not in text, "each address is named"
    connect = text[text.index("connect-src") : text.index("worker-src")]
    (data,) = [name for name in of(web, "AWS::S3::Bucket") if name.startswith("Storage")]
    for wanted in ("cognito-idp", "Dns.Http", "Dns.Realtime", data):
        assert wanted in connect
    for rule in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
        assert rule in text
    assert policy["FrameOptions"]["FrameOption"] == "DENY"
    assert policy["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


def test_functions_of_the_page_may_do_their_work_and_no_more(web: Template) -> None:
    may: dict[str, set[str]] = {}
    for name, statement in statements(web):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        may.setdefault(name.partition("Policy")[0], set()).update(actions)
        assert not any("*" in action for action in actions)
    common = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    queue = {"sqs:SendMessage"}
    assert may["WebSitePut"] - common == {
        "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:PutBucketCORS",
    }  # fmt: skip
    assert may["WebLiveTell"] - common - queue == {"dynamodb:GetItem", "appsync:EventPublish"}
    api = may["WebApiAnswer"]
    assert not {action for action in api if action.partition(":")[0] in ("iam", "cognito-idp", "appsync", "sts", "kms")}
    assert "s3:PutBucketCORS" not in api
    resources = [
        written(statement["Resource"])
        for name, statement in statements(web)
        if name.startswith("WebApiAnswer") and "s3:PutObject" in written(statement["Action"])
    ]
    assert resources
    assert not any("/uploads/*" in one for one in resources), "what submissions and commands upload is not the API's"
    assert any("/uploads/web/*" in one for one in resources)
    own = [
        written(statement["Action"])
        for name, statement in statements(web)
        if name.startswith("WebApiAnswer") and "WebTable" in written(statement["Resource"])
    ]
    assert own
    assert not any("UpdateItem" in actions for actions in own), "items of this table are written whole"
    listing = [
        written(statement["Resource"])
        for name, statement in statements(web)
        if name.startswith("WebApiAnswer") and "dynamodb:Query" in written(statement["Action"])
    ]
    assert any("/index/newest-of-user" in one for one in listing)
    assert not {"dynamodb:Scan", "dynamodb:PartiQLSelect"} & api
    invoking = [
        written(statement["Resource"])
        for name, statement in statements(web)
        if name.startswith("WebApiAnswer") and "lambda:InvokeFunction" in written(statement["Action"])
    ]
    assert len(invoking) == 1
    assert "skyburst-acting-combiner" in invoking[0]
    assert "*" not in invoking[0]


def test_what_uploads_leave_behind_is_removed_after_a_while(web: Template) -> None:
    (bucket,) = [found for name, found in of(web, "AWS::S3::Bucket").items() if name.startswith("Storage")]
    rules = {rule["Id"]: rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]}
    assert rules["open-uploads"]["TagFilters"] == [{"Key": "skyburst-upload", "Value": "open"}]
    assert (rules["answers"]["Prefix"], rules["answers"]["ExpirationInDays"]) == ("answers/", 1)


def test_limits_and_libraries_are_as_the_operator_says(template_of: Callable[..., Template], client: Path) -> None:
    chosen = template_of(
        web="yes", web_client=str(client), web_libraries="s3://brains/fly,s3://more", web_jobs_per_day="7",
        web_concurrent_jobs="2", web_upload_gb="1",
    )  # fmt: skip
    (variables,) = [
        function["Environment"]["Variables"]
        for function in properties(chosen, "AWS::Lambda::Function")
        if function["FunctionName"] == "skyburst-api"
    ]
    assert variables["SKYBURST_LIBRARIES"] == "s3://brains/fly s3://more"
    assert [variables[f"SKYBURST_{name}"] for name in ("JOBS_PER_DAY", "CONCURRENT_JOBS", "UPLOAD_BYTES")] == [
        "7", "2", str(2**30),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"web": "perhaps"}, "web is 'perhaps'"),
        ({"web": "yes", "web_client": "/nowhere"}, "no index.html of the page"),
        ({"web_client": ".", "web": "yes"}, "no index.html of the page"),
        ({"web_libraries": "brains"}, "web_libraries has 'brains'"),
        ({"web_jobs_per_day": "0"}, "web_jobs_per_day is '0'"),
    ],
)
def test_what_cannot_be_is_refused(client: Path, chosen: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidJob, match=says):
        settings_of(context(**{"web": "yes", "web_client": str(client), **chosen}))


def test_there_is_a_page_wherever_its_files_are_unless_it_is_not_wanted(client: Path) -> None:
    given = {name: value for name, value in context().items() if name != "web"}
    assert (settings_of(given).web is not None) == (client_folder() is not None)
    assert settings_of({**given, "web_client": str(client)}).web is not None
    assert settings_of({**given, "web_client": str(client), "web": "no"}).web is None


def test_cfn_lint_finds_nothing_in_the_page(synth: Callable[..., Path], client: Path) -> None:
    template = synth(web="yes", web_client=str(client)) / "skyburst.template.json"
    command = [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", "W3005", "--", template]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
