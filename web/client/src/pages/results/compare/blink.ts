import { useEffect, useState } from "react";

/** Which of two images is seen while they take turns. */
export interface Blinking {
  second: boolean;
  playing: boolean;
  play: (on: boolean) => void;
  swap: () => void;
}

/** Images that take turns by themselves; where the user wants no movement, when told to. */
export function useBlink(on: boolean, rate: number): Blinking {
  const [second, setSecond] = useState(false);
  const [playing, play] = useState(() => !matchMedia("(prefers-reduced-motion: reduce)").matches);
  useEffect(() => {
    if (!on || !playing) return undefined;
    const timer = setInterval(() => setSecond((now) => !now), 1000 / rate);
    return () => clearInterval(timer);
  }, [on, playing, rate]);
  return {
    second,
    playing,
    play,
    swap: () => {
      play(false);
      setSecond((now) => !now);
    },
  };
}
