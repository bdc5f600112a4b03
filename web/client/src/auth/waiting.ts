import { Problem } from "../api/problem";

/** Requests that wait until who sent them has signed in again. */
export class Waiting {
  private all: { goOn: () => void; giveUp: (why: Problem) => void }[] = [];

  /** Until it goes on. Throws a Problem when it is given up. */
  wait(): Promise<void> {
    return new Promise((goOn, giveUp) => this.all.push({ goOn, giveUp }));
  }

  goOn(): void {
    for (const one of this.all.splice(0)) one.goOn();
  }

  /** Nobody waits any more: who signs in next is somebody else. */
  giveUp(): void {
    for (const one of this.all.splice(0)) one.giveUp(signedOut());
  }
}

export function signedOut(): Problem {
  return new Problem(401, "signed_out", "you are signed out: sign in again");
}
