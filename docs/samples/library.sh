skyburst library build images library --name "my brains"
skyburst library build more_images library
skyburst library inspect library --verify
