/** What this browser keeps of who signed in: drafts, drawings, names of files. */

/** Whose it is, in each of the two storages: the claim `sub`. */
export const OWNER = "skyburst.owner";
const OURS = "skyburst.";
/** What is of the browser, whoever uses it. */
const ANYBODYS = ["skyburst.results", "skyburst.reloaded"];

/** Forget what is somebody's. */
export function forget(storage: Storage): void {
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
  for (const key of keys) if (key.startsWith(OURS) && !ANYBODYS.includes(key)) storage.removeItem(key);
}

/** From now on a storage is somebody's, who finds there what they left, and nothing of anybody else. */
export function claim(storage: Storage, owner: string): void {
  if (storage.getItem(OWNER) === owner) return;
  forget(storage);
  storage.setItem(OWNER, owner);
}
