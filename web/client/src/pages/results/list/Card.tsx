import { IconArrowsLeftRight, IconGenderFemale, IconGenderMale, IconSearch } from "@tabler/icons-react";
import { type CSSProperties, memo, useState } from "react";
import { Link } from "react-router";
import { Picture } from "../../../components/Picture";
import { count } from "../../../format";
import { type Match, sexWord, told } from "../match";
import { picturePath, searchPath } from "../pictures";
import type { Layout } from "../state";
import { GAP } from "./columns";
import classes from "./List.module.css";

export interface CardActions {
  open: (index: number, match: Match) => void;
  select: (index: number, match: Match, on: boolean, range: boolean) => void;
  pressed: (event: React.KeyboardEvent, index: number, match: Match) => void;
  focused: (index: number) => void;
}

interface CardProps extends CardActions {
  jobId: string;
  match: Match;
  /** In the whole list, from 0. */
  index: number;
  total: number;
  layout: Layout;
  selected: boolean;
  /** Whether Tab comes to this one of all cards. */
  active: boolean;
  /** Where it is in a list that is drawn in part; elsewhere it follows the others. */
  top?: number;
  column?: number;
  columns?: number;
}

/** One match. There may be thousands, so it is made of plain elements. */
export const Card = memo(function Card(props: CardProps) {
  const { jobId, match, index, total, layout, selected, active } = props;
  const stop = active ? 0 : -1;
  const { top, column = 0, columns = 1 } = props;
  return (
    <li
      className={layout === "grid" ? classes.card : classes.row}
      style={top === undefined ? undefined : placeStyle({ top, column, columns })}
      data-selected={selected}
      data-key={match.key}
      data-index={index}
      aria-setsize={total}
      aria-posinset={index + 1}
    >
      <button
        type="button"
        className={classes.open}
        tabIndex={stop}
        title="Compare with the mask"
        onClick={() => props.open(index, match)}
        onKeyDown={(event) => props.pressed(event, index, match)}
        onFocus={() => props.focused(index)}
      >
        <Thumbnail path={picturePath(jobId, match.key, "thumbnail")} />
        {layout === "grid" ? <CardText match={match} /> : <RowText match={match} />}
      </button>
      <label className={classes.check}>
        <input
          type="checkbox"
          tabIndex={stop}
          checked={selected}
          aria-label={`Select ${named(match, index)}`}
          onChange={(event) =>
            props.select(index, match, event.currentTarget.checked, (event.nativeEvent as MouseEvent).shiftKey === true)
          }
        />
      </label>
      <Link
        to={searchPath(jobId, match.key)}
        className={classes.like}
        tabIndex={stop}
        title="Search with this one"
        aria-label={`Search with ${named(match, index)}`}
      >
        <IconSearch size={16} aria-hidden />
      </Link>
    </li>
  );
});

/** What screen readers call a match: no two of a list are called the same. */
function named(match: Match, index: number): string {
  return `${match.line}, ${match.rank === null ? `match ${index + 1}` : `rank ${match.rank}`}`;
}

interface Place {
  top: number;
  column: number;
  columns: number;
}

function placeStyle({ top, column, columns }: Place): CSSProperties {
  const width = `(100% + ${GAP}px) / ${columns}`;
  return { position: "absolute", top, left: `calc(${column} * ${width})`, width: `calc(${width} - ${GAP}px)` };
}

function Thumbnail({ path }: { path: string }) {
  const [failed, setFailed] = useState<string | null>(null);
  if (failed === path) return <span className={classes.noPicture}>no picture</span>;
  return <Picture path={path} alt="" className={classes.picture} onError={() => setFailed(path)} />;
}

/** Where it is among all matches; an empty cell when that is not known. */
function Rank({ rank }: { rank: number | null }) {
  if (rank === null) return <span className={classes.rank} />;
  return (
    <span className={classes.rank}>
      <span className={classes.spoken}>rank </span>
      {count(rank)}
    </span>
  );
}

function CardText({ match }: { match: Match }) {
  return (
    <span className={classes.text}>
      <span className={classes.line}>
        <span className={classes.name}>{match.line}</span>
        <Sex sex={match.sex} />
      </span>
      <span className={classes.numbers}>
        <Rank rank={match.rank} />
        <span className={classes.score}>
          <span className={classes.spoken}>score </span>
          {count(match.score)}
        </span>
        {match.mirrored && <Mirrored />}
        {match.library !== null && <span className={classes.library}>{match.library}</span>}
      </span>
    </span>
  );
}

function RowText({ match }: { match: Match }) {
  const channel = told(match, "channel", "channel");
  return (
    <>
      <Rank rank={match.rank} />
      <span className={classes.main}>
        <span className={classes.name}>{match.line}</span>
        <span className={classes.detail}>
          {[
            told(match, "slideCode", "slide_code"),
            told(match, "objective", "objective"),
            channel && `channel ${channel}`,
          ]
            .filter((part) => part !== "")
            .join(" · ")}
        </span>
      </span>
      <span className={classes.score}>
        <span className={classes.spoken}>score </span>
        {count(match.score)}
      </span>
      <span className={classes.marks}>
        {match.mirrored && <Mirrored />}
        <Sex sex={match.sex} />
      </span>
      <span className={classes.library}>{match.library}</span>
    </>
  );
}

function Mirrored() {
  return (
    <span className={classes.mirrored} title="The mask matched this image flipped from left to right">
      <IconArrowsLeftRight size={12} aria-hidden /> mirrored
    </span>
  );
}

function Sex({ sex }: { sex: string | null }) {
  if (sex === null) return null;
  const Icon = sex === "f" ? IconGenderFemale : sex === "m" ? IconGenderMale : null;
  return (
    <span className={classes.sex} title={sexWord(sex)}>
      {Icon === null ? sex : <Icon size={16} role="img" aria-label={sexWord(sex)} />}
    </span>
  );
}

/** What stands where a match will be. */
export function Placeholder({ layout, index, place }: { layout: Layout; index: number; place: Place }) {
  return (
    <li
      className={layout === "grid" ? classes.card : classes.row}
      style={placeStyle(place)}
      aria-hidden
      data-index={index}
    >
      <span className={classes.open}>
        <span className={classes.picture} />
      </span>
    </li>
  );
}
