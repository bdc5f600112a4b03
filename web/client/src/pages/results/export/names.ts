/** Names of files that any system can store. Pure. */

const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const MOST = 120;

/** A name of one part, without what a system would refuse or take for a folder. */
export function safeName(text: string): string {
  const plain = Array.from(text.normalize("NFC"), (letter) => (allowed(letter) ? letter : "_")).join("");
  const short = plain.replace(/^[.\s]+|[.\s]+$/g, "").slice(0, MOST);
  return short === "" || RESERVED.test(short) ? `_${short}` : short;
}

function allowed(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0;
  return code >= 32 && code !== 127 && !'<>:"/\\|?*'.includes(letter);
}

/** Names that differ, also where letter case does not count. */
export function differentNames(texts: readonly string[], ending: string): string[] {
  const taken = new Set<string>();
  return texts.map((text) => {
    const name = safeName(text);
    let found = name + ending;
    for (let next = 2; taken.has(found.toLowerCase()); next++) found = `${name} (${next})${ending}`;
    taken.add(found.toLowerCase());
    return found;
  });
}
