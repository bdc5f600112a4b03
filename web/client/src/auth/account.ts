/** What who has signed in can do about that. */
export interface Account {
  signOut: () => Promise<void>;
  changePassword: (old: string, chosen: string) => Promise<void>;
}

let known: Account | null = null;

export function setAccount(account: Account): void {
  known = account;
}

/** None on one's own machine. */
export function account(): Account | null {
  return known;
}
