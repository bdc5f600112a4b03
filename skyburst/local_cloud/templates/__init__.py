"""CloudFormation templates: read without ignoring anything, and made through the same interfaces that programs use."""
