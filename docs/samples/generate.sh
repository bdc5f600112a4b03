skyburst library generate example --images 40 --seed 1
skyburst library build example/images example_library
