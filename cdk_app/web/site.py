"""The page: its files in a private bucket, CloudFront in front of them and of the API, and what puts the files there."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from cdk_app.bundle import Contents, content_hash
from cdk_app.functions import Factory
from cdk_app.web.api import Api
from cdk_app.web.live import NAMESPACE, Live
from cdk_app.web.users import Users

PAGE = Path(__file__).parent / "page.js"
PUT_S = 120
YEAR_S = 31_536_000


class Site(Construct):
    """Who has the address gets the page, which holds no data; the bucket is read by CloudFront alone."""

    def __init__(
        self, scope: Construct, name: str, *, factory: Factory, users: Users, live: Live, api: Api, client: Path
    ) -> None:
        super().__init__(scope, name)
        data = factory.storage.bucket
        self.bucket = s3.Bucket(
            self, "Files",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=cdk.RemovalPolicy.DESTROY,  # what is in it is in the wheel
        )  # fmt: skip
        headers = cloudfront.ResponseHeadersPolicy(
            self, "Headers",
            response_headers_policy_name=f"{factory.prefix}-page-{cdk.Aws.REGION}",
            comment="Skyburst: what browsers are not to do",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=_content_security(live, data), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=cdk.Duration.seconds(YEAR_S), include_subdomains=True, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    _header("Cross-Origin-Opener-Policy", "same-origin"),
                    _header("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
                ]
            ),
        )  # fmt: skip
        page = cloudfront.Function(
            self, "Addresses",
            function_name=f"{factory.prefix}-page-{cdk.Aws.REGION}",
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            code=cloudfront.FunctionCode.from_inline(PAGE.read_text(encoding="utf-8")),
        )  # fmt: skip
        access = cloudfront.S3OriginAccessControl(
            self, "Access", origin_access_control_name=f"{factory.prefix}-page-{cdk.Aws.REGION}"
        )
        self.distribution = cloudfront.Distribution(
            self, "Distribution",
            comment=f"Skyburst: {factory.prefix}",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(
                    self.bucket, origin_access_control=access
                ),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=headers,
                function_associations=[
                    cloudfront.FunctionAssociation(function=page, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
                ],
            ),
            additional_behaviors={
                "/api/*": cloudfront.BehaviorOptions(
                    origin=origins.HttpOrigin(api.host, protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY),
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                    response_headers_policy=headers,
                ),
            },
        )  # fmt: skip
        asset = assets.Asset(
            self, "Client", path=str(client), asset_hash=content_hash(client), asset_hash_type=cdk.AssetHashType.CUSTOM
        )
        self.function = factory.function(
            self, "Put", f"{factory.prefix}-site", Contents(),
            handler="web.site.handler.handler", memory_mb=512, timeout_s=PUT_S,
            statements=[
                _allow(["s3:GetObject"], [asset.bucket.arn_for_objects(asset.s3_object_key)]),
                _allow(["s3:PutObject", "s3:DeleteObject"], [self.bucket.arn_for_objects("*")]),
                _allow(["s3:ListBucket"], [self.bucket.bucket_arn]),
                # The rule names the page's address, which exists only after the policy of headers that names the bucket.
                _allow(["s3:PutBucketCORS"], [data.bucket_arn]),
            ],
        )  # fmt: skip
        put = cdk.CustomResource(
            self, "Content",
            service_token=self.function.function_arn,
            properties={
                "From": {"Bucket": asset.s3_bucket_name, "Key": asset.s3_object_key},
                "To": self.bucket.bucket_name,
                "DataBucket": data.bucket_name,
                "Page": self.distribution.distribution_domain_name,
                "Region": cdk.Aws.REGION,
                "UserPool": users.pool.user_pool_id,
                "UserPoolClient": users.client.user_pool_client_id,
                "EventsHttp": live.api.http_dns,
                "EventsRealtime": live.api.realtime_dns,
                "Namespace": NAMESPACE,
            },
        )  # fmt: skip
        resource = put.node.default_child
        assert isinstance(resource, cdk.CfnResource)
        resource.add_property_override("ServiceTimeout", PUT_S + 60)  # which the construct writes as a text


def _content_security(live: Live, data: s3.Bucket) -> str:
    """What the page may load, and whom it may speak to: itself, Cognito, live events, and the data by signed addresses."""
    region, suffix = cdk.Aws.REGION, cdk.Aws.URL_SUFFIX
    bucket = (
        f"https://{data.bucket_name}.s3.{region}.{suffix}",
        f"https://s3.{region}.{suffix}/{data.bucket_name}/",
    )
    speaks = (
        "'self'",
        f"https://cognito-idp.{region}.{suffix}",
        f"https://{live.api.http_dns}",
        f"wss://{live.api.realtime_dns}",
        *bucket,
    )
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # Mantine sets styles of elements; scripts are not let in by this
        "img-src": " ".join(("'self'", "blob:", "data:", *bucket)),
        "font-src": "'self'",
        "connect-src": " ".join(speaks),
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _header(name: str, value: str) -> cloudfront.ResponseCustomHeader:
    return cloudfront.ResponseCustomHeader(header=name, value=value, override=True)


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
