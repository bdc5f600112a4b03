"""`skyburst prices`: show, refresh."""

from __future__ import annotations

import click

from skyburst.cli.options import json_flag


@click.group("prices", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the prices of estimates, or get those of today.

    \b
    Examples:
      skyburst prices show
      skyburst prices refresh
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("show")
@click.option(
    "--family", "families", multiple=True, metavar="NAME", help="Only these instance types, such as m5 or g5."
)
@json_flag("the price book")
def show(families: tuple[str, ...], as_json: bool) -> None:
    """Show the prices that count, their date and where they are from.

    \b
    Examples:
      skyburst prices show
      skyburst prices show --family m5 --family g5
    """
    import json

    from skyburst.cli.output import echo_json
    from skyburst.cli.pricing import price_lines
    from skyburst.prices.book import written
    from skyburst.prices.current import current_prices

    counting = current_prices()
    if as_json:
        document = json.loads(written(counting.book))
        if families:
            document["machines"] = {
                name: machine for name, machine in document["machines"].items() if name.partition(".")[0] in families
            }
        echo_json({**document, "file": str(counting.path)})
    else:
        click.echo("\n".join(price_lines(counting, families)))


@command.command("refresh")
@click.option("--region", metavar="REGION", help="Whose prices; else that of the AWS profile or AWS_REGION.")
@click.option(
    "--family", "families", multiple=True, metavar="NAME",
    help="Instance types to get besides those that are known, such as p5; may be given again.",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def refresh(region: str | None, families: tuple[str, ...], quiet: bool) -> None:
    """Get the prices of today from AWS; they count from then on.

    Reads the price list API and the prices of spot instances, with the credentials of the AWS profile, which may have to
    be allowed pricing:GetProducts and ec2:DescribeSpotPriceHistory. Writes a dated file to the folder that SKYBURST_PRICES
    names, else to that of the user's configuration. A deployment reckons with the prices of the skyburst that deployed it.

    \b
    Examples:
      skyburst prices refresh
      skyburst prices refresh --region eu-central-1 --family p5
    """
    import datetime as dt

    from skyburst.cli.counting import counting as showing
    from skyburst.errors import Invalid
    from skyburst.homes.aws.account import Account, asking
    from skyburst.prices.current import current_prices, shipped_prices, store_prices
    from skyburst.prices.refresh import ENDPOINT_REGION, refreshed

    try:
        before = current_prices().book
    except Invalid:  # a file that cannot be used must not keep anybody from getting one that can
        before = shipped_prices()
    account = Account(region=region)
    wanted = {*before.families(), *families}
    with asking("read prices"), showing("requests", quiet=quiet) as count:
        pricing = account.session.client("pricing", region_name=ENDPOINT_REGION)
        ec2 = account.client("ec2")
        book = refreshed(pricing, ec2, account.region, wanted, before, dt.datetime.now(dt.UTC), count)
    path = store_prices(book)
    click.echo(f"{len(book.machines):,} instance types, {book.said}", err=True)
    click.echo(str(path))
