import { type CSSVariablesResolver, createTheme, type MantineColorsTuple, Modal } from "@mantine/core";

const sky: MantineColorsTuple = [
  "#eaf4ff",
  "#d3e5fb",
  "#a4c9f5",
  "#71abf0",
  "#4a91ec",
  "#3381ea",
  "#2576e4",
  "#1a62c4",
  "#1257b0",
  "#0a4690",
];

export const theme = createTheme({
  primaryColor: "sky",
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  colors: { sky },
  defaultRadius: "sm",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }), // an icon, which says nothing
  },
});

/** Text that matters less is still text: its contrast is at least 4.5 to 1 on all backgrounds here. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5a626a",
    "--mantine-color-placeholder": "#6b737b",
    "--mantine-color-gray-light-color": "#495057",
    "--mantine-color-blue-light-color": "#1558a8",
    "--mantine-color-green-light-color": "#1b6e2d",
    "--mantine-color-yellow-light-color": "#7a4d00",
    "--mantine-color-orange-light-color": "#9a3d00",
    "--mantine-color-red-light-color": "#b02525",
    "--mantine-color-error": "#b02525",
  },
  dark: {
    "--mantine-color-dimmed": "#b3b3b3",
    "--mantine-color-placeholder": "#a0a0a0",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-anchor": "var(--mantine-color-sky-3)",
  },
});
