/** Has the browser save a file. */
export function save(name: string, content: Blob | string, type = "application/octet-stream"): void {
  const blob = typeof content === "string" ? new Blob([content], { type }) : content;
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun when the browser comes back to this page; the address is not needed then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
