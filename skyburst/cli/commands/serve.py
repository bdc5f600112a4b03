"""`skyburst serve`."""

from __future__ import annotations

from pathlib import Path

import click

LIBRARIES_VARIABLE = "SKYBURST_LIBRARIES"
PORT = 8765
UPLOAD_GIB = 64


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    show_default=True,
    metavar="N",
    help="0 for any that is free.",
)
@click.option(
    "--libraries", multiple=True, type=click.Path(path_type=Path), metavar="FOLDER",
    help="A library, or a folder of libraries, that can be searched; may be given again. Else what SKYBURST_LIBRARIES names.",
)  # fmt: skip
def command(port: int, libraries: tuple[Path, ...]) -> None:
    """Serve the API of this machine's jobs, for programs and pages here.

    Only programs of this machine can reach it, and only those that have the token in the address that is printed. Ctrl-C
    ends it; jobs go on.

    \b
    Examples:
      skyburst serve --libraries ~/libraries
      skyburst serve --port 0
    """
    import errno
    import secrets

    from skyburst.errors import Invalid, StorageError
    from skyburst.homes.local.folder import PRIVATE, state_folder
    from skyburst.homes.local.home import LocalHome
    from skyburst.web.libraries import LocalLibraries
    from skyburst.web.local import LOOPBACK, Door, listening, serve
    from skyburst.web.quota import LocalQuota
    from skyburst.web.service import Service
    from skyburst.web.uploads import LocalUploads

    folder = state_folder()
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the state folder {folder} cannot be made: {error.strerror}") from error
    try:
        socket = listening(port)
    except OSError as error:
        what = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used"
        raise Invalid(f"port {port} of {LOOPBACK} {what} ({error.strerror}): give another one with --port") from error
    service = Service(
        lambda: LocalHome(folder),
        LocalUploads(folder / "uploads", UPLOAD_GIB * 2**30),
        LocalLibraries(_folders(libraries)),
        Path.cwd(),  # whose analyses are offered
        LocalQuota(folder),
    )
    door = Door(socket.getsockname()[1], secrets.token_urlsafe(32))
    click.echo(f"open {door.address}")
    click.echo("Ctrl-C ends it; jobs go on", err=True)
    serve(service, door, socket)


def _folders(given: tuple[Path, ...]) -> list[Path]:
    """Folders of libraries. Raises InvalidLibrary for one that is not there."""
    import os

    from skyburst.errors import InvalidLibrary

    named = given or tuple(Path(one) for one in os.environ.get(LIBRARIES_VARIABLE, "").split(os.pathsep) if one)
    folders = [folder.expanduser().absolute() for folder in named]
    for folder in folders:
        if not folder.is_dir():
            raise InvalidLibrary(f"{folder} is no folder: name a library, or a folder of libraries, that is there")
    return folders
