"""What people reach with a browser: pools of users, HTTP APIs, live events and distributions."""

from __future__ import annotations

import secrets
import string
from typing import Any

from skyburst.errors import InvalidTemplate
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind
from skyburst.local_cloud.web import http_api
from skyburst.local_cloud.web.distributions import Function

POOL = (
    "AccountRecoverySetting", "AdminCreateUserConfig", "AutoVerifiedAttributes", "DeletionProtection",
    "EmailVerificationMessage", "EmailVerificationSubject", "MfaConfiguration", "Policies", "SmsVerificationMessage",
    "UserPoolTags", "UserPoolTier", "VerificationMessageTemplate",
)  # fmt: skip
FIXED_IN_POOL = ("AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration")
CLIENT = (
    "AccessTokenValidity", "AllowedOAuthFlows", "AllowedOAuthFlowsUserPoolClient", "AllowedOAuthScopes", "CallbackURLs",
    "ClientName", "EnableTokenRevocation", "ExplicitAuthFlows", "IdTokenValidity", "LogoutURLs", "PreventUserExistenceErrors",
    "ReadAttributes", "RefreshTokenValidity", "SupportedIdentityProviders", "TokenValidityUnits", "WriteAttributes",
)  # fmt: skip
STAGE = ("AccessLogSettings", "AutoDeploy", "DefaultRouteSettings", "Description", "Tags")
ROUTE = ("AuthorizationScopes", "AuthorizationType", "AuthorizerId", "OperationName", "RouteKey", "Target")
INTEGRATION = (
    "Description",
    "IntegrationMethod",
    "IntegrationType",
    "IntegrationUri",
    "PayloadFormatVersion",
    "TimeoutInMillis",
)
AUTHORIZER = ("AuthorizerType", "IdentitySource", "JwtConfiguration", "Name")
LETTERS = string.ascii_uppercase + string.digits


# Pools of users


def _create_pool(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("UserPoolName"), 128)
    parameters = wanted.only(*POOL, *FIXED_IN_POOL)
    made = wanted.call("cognito-idp", "CreateUserPool", PoolName=name, **parameters)["UserPool"]
    provider = f"cognito-idp.{wanted.services.region}.amazonaws.com/{made['Id']}"
    attributes = {
        "Arn": made["Arn"], "ProviderName": provider, "ProviderURL": f"https://{provider}", "UserPoolId": made["Id"],
    }  # fmt: skip
    return Made(made["Id"], attributes)


def _update_pool(wanted: Wanted, made: Made) -> Made:
    wanted.call("cognito-idp", "UpdateUserPool", UserPoolId=made.physical_id, **wanted.only(*POOL))
    return made


def _delete_pool(wanted: Wanted, made: Made) -> None:
    if wanted.properties.get("DeletionProtection") == "ACTIVE":
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: it is protected against its deletion")
    wanted.call("cognito-idp", "DeleteUserPool", UserPoolId=made.physical_id)


def _create_client(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("ClientName"), 128)
    parameters = {**wanted.only(*CLIENT, "GenerateSecret"), "ClientName": name}
    made = wanted.call("cognito-idp", "CreateUserPoolClient", UserPoolId=is_["UserPoolId"], **parameters)
    client = made["UserPoolClient"]["ClientId"]
    return Made(client, {"ClientId": client, "Name": name})


def _update_client(wanted: Wanted, made: Made) -> Made:
    pool = wanted.properties["UserPoolId"]
    wanted.call(
        "cognito-idp", "UpdateUserPoolClient", UserPoolId=pool, ClientId=made.physical_id, **wanted.only(*CLIENT)
    )
    return made


def _delete_client(wanted: Wanted, made: Made) -> None:
    pool = wanted.properties["UserPoolId"]
    wanted.call("cognito-idp", "DeleteUserPoolClient", UserPoolId=pool, ClientId=made.physical_id)


def _create_group(wanted: Wanted) -> Made:
    wanted.call("cognito-idp", "CreateGroup", **wanted.only("UserPoolId", "GroupName", "Description", "Precedence"))
    return Made(wanted.properties["GroupName"])


def _update_group(wanted: Wanted, made: Made) -> Made:
    wanted.call("cognito-idp", "UpdateGroup", **wanted.only("UserPoolId", "GroupName", "Description", "Precedence"))
    return made


def _delete_group(wanted: Wanted, made: Made) -> None:
    wanted.call("cognito-idp", "DeleteGroup", UserPoolId=wanted.properties["UserPoolId"], GroupName=made.physical_id)


# HTTP APIs


def _create_api(wanted: Wanted) -> Made:
    from werkzeug.wrappers import Request

    if wanted.properties.get("ProtocolType") != "HTTP":
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: the local cloud has HTTP APIs only")
    made = wanted.call("apigatewayv2", "CreateApi", **wanted.only("Name", "Description", "ProtocolType", "Tags"))
    api, services = made["ApiId"], wanted.services

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        return http_api.answer(services, api, Request(environ))(environ, start_response)

    host = services.web.address(api, application)
    return Made(api, {"ApiEndpoint": f"http://{host}", "ApiId": api})


def _update_api(wanted: Wanted, made: Made) -> Made:
    wanted.call("apigatewayv2", "UpdateApi", ApiId=made.physical_id, **wanted.only("Name", "Description"))
    return made


def _delete_api(wanted: Wanted, made: Made) -> None:
    wanted.services.web.forget(made.physical_id)
    wanted.call("apigatewayv2", "DeleteApi", ApiId=made.physical_id)


def _part_of_api(name: str, names: tuple[str, ...], id_name: str) -> Kind:
    """Routes, integrations and authorizers: parts of an API that are made and changed alike."""

    def create(wanted: Wanted) -> Made:
        made = wanted.call("apigatewayv2", f"Create{name}", **wanted.only("ApiId", *names))
        return Made(made[id_name], {id_name: made[id_name]})

    def update(wanted: Wanted, made: Made) -> Made:
        own = {id_name: made.physical_id}
        wanted.call("apigatewayv2", f"Update{name}", **wanted.only("ApiId", *names), **own)
        return made

    def delete(wanted: Wanted, made: Made) -> None:
        wanted.call("apigatewayv2", f"Delete{name}", ApiId=wanted.properties["ApiId"], **{id_name: made.physical_id})

    return kind(f"ApiId {' '.join(names)}", create, update=update, delete=delete, replaced_by="ApiId")


def _create_stage(wanted: Wanted) -> Made:
    wanted.call("apigatewayv2", "CreateStage", **wanted.only("ApiId", "StageName", *STAGE))
    return Made(wanted.properties["StageName"])


def _update_stage(_wanted: Wanted, made: Made) -> Made:
    """Logs and throttling are not here: they are taken, and have no effect."""
    return made


def _delete_stage(wanted: Wanted, made: Made) -> None:
    wanted.call("apigatewayv2", "DeleteStage", ApiId=wanted.properties["ApiId"], StageName=made.physical_id)


# Live events


def _create_events(wanted: Wanted) -> Made:
    from moto.appsync.models import appsync_backends

    is_, services = wanted.properties, wanted.services
    tags = {tag["Key"]: str(tag["Value"]) for tag in is_.get("Tags", [])}
    made = wanted.call("appsync", "CreateApi", Name=is_["Name"], EventConfig=is_["EventConfig"], Tags=tags)["api"]
    channels = services.web.channels(made["apiId"])
    api = appsync_backends[services.account][services.region].events_apis[made["apiId"]]
    api.dns = {"HTTP": channels.http, "REALTIME": channels.realtime}
    attributes = {
        "ApiArn": made["apiArn"], "ApiId": made["apiId"], "Dns.Http": channels.http, "Dns.Realtime": channels.realtime,
    }  # fmt: skip
    return Made(made["apiArn"], attributes)


def _delete_events(wanted: Wanted, made: Made) -> None:
    wanted.services.web.forget(made.attributes["ApiId"])
    wanted.call("appsync", "DeleteApi", ApiId=made.attributes["ApiId"])


def _create_namespace(wanted: Wanted) -> Made:
    from moto.appsync.models import appsync_backends

    is_, services = wanted.properties, wanted.services
    if is_.get("HandlerConfigs"):
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: the local cloud has no data sources of handlers")
    modes = wanted.only("PublishAuthModes", "SubscribeAuthModes")
    made = wanted.call("appsync", "CreateChannelNamespace", ApiId=is_["ApiId"], Name=is_["Name"], **modes)
    arn = made["channelNamespace"]["channelNamespaceArn"]
    api = appsync_backends[services.account][services.region].events_apis[is_["ApiId"]]
    namespace = next(one for one in api.channel_namespaces if one.name == is_["Name"])
    namespace.code_handlers = is_.get("CodeHandlers", "")
    return Made(arn, {"ChannelNamespaceArn": arn})


def _update_namespace(wanted: Wanted, made: Made) -> Made:
    _delete_namespace(wanted, made)
    return _create_namespace(wanted)


def _delete_namespace(wanted: Wanted, _made: Made) -> None:
    wanted.call("appsync", "DeleteChannelNamespace", **wanted.only("ApiId", "Name"))


# Distributions


def _put_distribution(wanted: Wanted, made: Made | None = None) -> Made:
    settings = wanted.properties["DistributionConfig"]
    distribution_id = made.physical_id if made else _id("E")
    distribution = wanted.services.web.distribution(distribution_id, settings)
    return Made(distribution_id, {"Id": distribution_id, "DomainName": distribution.host})


def _delete_distribution(wanted: Wanted, made: Made) -> None:
    wanted.services.web.forget(made.physical_id)


def _put_headers(wanted: Wanted, made: Made | None = None) -> Made:
    policy_id = made.physical_id if made else _id("")
    settings = wanted.properties["ResponseHeadersPolicyConfig"]
    unknown = set(settings) - {"Comment", "Name", "CustomHeadersConfig", "SecurityHeadersConfig"}
    if unknown:
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: the local cloud has no {', '.join(sorted(unknown))}")
    wanted.services.web.headers[policy_id] = settings
    return Made(policy_id, {"Id": policy_id})


def _delete_headers(wanted: Wanted, made: Made) -> None:
    del wanted.services.web.headers[made.physical_id]


def _put_function(wanted: Wanted, made: Made | None = None) -> Made:
    is_ = wanted.properties
    if is_["FunctionConfig"].get("KeyValueStoreAssociations"):
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: the local cloud has no key value stores")
    arn = f"arn:aws:cloudfront::{wanted.services.account}:function/{is_['Name']}"
    wanted.services.web.functions[arn] = Function(arn, is_["FunctionCode"])
    return made or Made(arn, {"FunctionARN": arn, "FunctionMetadata.FunctionARN": arn})


def _delete_function(wanted: Wanted, made: Made) -> None:
    del wanted.services.web.functions[made.physical_id]


def _create_access(_wanted: Wanted) -> Made:
    access_id = _id("E")
    return Made(access_id, {"Id": access_id})


def _id(start: str) -> str:
    return start + "".join(secrets.choice(LETTERS) for _ in range(13))


KINDS: dict[str, Kind] = {
    "AWS::Cognito::UserPool": kind(
        f"{' '.join((*POOL, *FIXED_IN_POOL))} UserPoolName",
        _create_pool, update=_update_pool, delete=_delete_pool, replaced_by="UserPoolName", fixed=" ".join(FIXED_IN_POOL),
    ),
    "AWS::Cognito::UserPoolClient": kind(
        f"{' '.join(CLIENT)} GenerateSecret UserPoolId",
        _create_client, update=_update_client, delete=_delete_client, replaced_by="GenerateSecret UserPoolId",
    ),
    "AWS::Cognito::UserPoolGroup": kind(
        "Description GroupName Precedence UserPoolId",
        _create_group, update=_update_group, delete=_delete_group, replaced_by="GroupName UserPoolId",
    ),
    "AWS::ApiGatewayV2::Api": kind(
        "Description Name ProtocolType Tags",
        _create_api, update=_update_api, delete=_delete_api, replaced_by="ProtocolType", fixed="Tags",
    ),
    "AWS::ApiGatewayV2::Route": _part_of_api("Route", ROUTE, "RouteId"),
    "AWS::ApiGatewayV2::Integration": _part_of_api("Integration", INTEGRATION, "IntegrationId"),
    "AWS::ApiGatewayV2::Authorizer": _part_of_api("Authorizer", AUTHORIZER, "AuthorizerId"),
    "AWS::ApiGatewayV2::Stage": kind(
        f"ApiId StageName {' '.join(STAGE)}",
        _create_stage, update=_update_stage, delete=_delete_stage, replaced_by="ApiId StageName",
    ),
    "AWS::AppSync::Api": kind("EventConfig Name Tags", _create_events, delete=_delete_events),
    "AWS::AppSync::ChannelNamespace": kind(
        "ApiId CodeHandlers HandlerConfigs Name PublishAuthModes SubscribeAuthModes Tags",
        _create_namespace, update=_update_namespace, delete=_delete_namespace, replaced_by="ApiId Name",
        removable="CodeHandlers HandlerConfigs PublishAuthModes SubscribeAuthModes Tags",
    ),
    "AWS::CloudFront::Distribution": kind(
        "DistributionConfig Tags", _put_distribution, update=_put_distribution, delete=_delete_distribution
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": kind(
        "ResponseHeadersPolicyConfig", _put_headers, update=_put_headers, delete=_delete_headers
    ),
    "AWS::CloudFront::Function": kind(
        "AutoPublish FunctionCode FunctionConfig Name Tags",
        _put_function, update=_put_function, delete=_delete_function, replaced_by="Name",
    ),
    # A distribution that has one signs its requests to its bucket: the bucket's policy decides.
    "AWS::CloudFront::OriginAccessControl": kind("OriginAccessControlConfig", _create_access),
}  # fmt: skip
