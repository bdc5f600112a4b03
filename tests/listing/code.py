"""Lists items in the way it is told to."""

import skyburst

COUNT = 12


@skyburst.worker
def work(batch):
    """The items, as they came; fails while a file that it needs is missing."""
    if batch.parameters["needs"] and batch.id == 1:
        batch.context.read(batch.parameters["needs"])
    return [batch.context.items_location, batch.items] if batch.parameters["place"] else batch.items


@skyburst.combiner
def everything(partials):
    """All items of each batch."""
    return [partial.value for partial in partials]


def list_items(parameters, context):
    """Twelve numbers."""
    how, size = parameters["how"], parameters["size"]
    if how == "plain":
        return range(COUNT)
    if how == "generator":
        return skyburst.Items((number for number in range(COUNT)), batch_size=size)
    if how == "none":
        return skyburst.Items([], batch_size=size)
    if how.startswith("joined:"):
        return skyburst.JoinedItems([skyburst.Items(range(5), size), [], stored(how.removeprefix("joined:"))])
    if how == "joined twice":
        return skyburst.JoinedItems([range(3), skyburst.Items(skyburst.JoinedItems([range(2), range(3)]), 2)])
    if how == "joined none":
        return skyburst.JoinedItems([[], iter(())])
    if how != "items":
        return skyburst.Items(stored(how), batch_size=size)
    return skyburst.Items(list(range(COUNT)), size)


def stored(location):
    """A manifest of the numbers, in a folder."""
    from skyburst.manifest import write_manifest
    from skyburst.objects import open_store

    return write_manifest(open_store(location, create=True), location, "list", range(COUNT))
