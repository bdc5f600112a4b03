"""Search a library, and list the best five matches."""

import skyburst

result = skyburst.run(
    "color-depth-search", parameters={"mask": "mask.tif", "library": "library", "min_matching_pix_ratio": 1}
)
for match in result.value["results"][:5]:
    print(match["matchingPixels"], match["mirrored"], match["image"]["id"])
print(result.files["matches.html"])
