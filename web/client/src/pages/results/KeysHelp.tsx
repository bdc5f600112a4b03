import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";
import { HELP } from "./keys";

/** Which keys there are. */
export function KeysHelp({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keys" size="md" zIndex={400}>
      <KeysList />
    </Modal>
  );
}

export function KeysList() {
  return (
    <Stack gap="lg">
      {HELP.map(({ title, keys }) => (
        <section key={title}>
          <Text fw={600} size="sm" component="h3" mb={6}>
            {title}
          </Text>
          <Stack gap={6}>
            {keys.map(([names, does]) => (
              <Group key={does} gap="sm" wrap="nowrap">
                <Group gap={4} w={130} style={{ flexShrink: 0 }}>
                  {names.map((name) => (
                    <Kbd key={name} size="xs">
                      {name}
                    </Kbd>
                  ))}
                </Group>
                <Text size="sm">{does}</Text>
              </Group>
            ))}
          </Stack>
        </section>
      ))}
    </Stack>
  );
}
