"""Makes an instance: root key, certified keys, recipients' keyrings, the folder that is published."""
