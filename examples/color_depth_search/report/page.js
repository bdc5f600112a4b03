"use strict";
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PER_VIEW = 300; // cards drawn before "show more": what is printed, too, and quick on a phone
  const STEP = 10; // pixels that Shift + arrow moves the crosshair
  const ZOOMS = [1, 2, 4];

  const state = {
    mask: 0,
    shown: [], // matches that pass the filter, in the chosen order
    drawn: 0, // cards in the list
    current: 0, // position in shown
    mirroring: true, // mirrored matches are drawn mirrored
    flipOnce: false, // the current match, though not mirrored, was flipped by hand
    point: null, // crosshair in mask pixels
    zoom: 1,
    origin: { x: 0, y: 0 }, // where zooming started, in mask pixels
  };
  const mask = () => report.masks[state.mask];
  const match = () => state.shown[state.current] ?? null;
  const flipped = () => Boolean(match()) && (match().mirrored ? state.mirroring : state.flipOnce);
  const number = new Intl.NumberFormat("en");
  const percent = (ratio) => (ratio * 100).toFixed(ratio < 0.0995 ? 2 : 1);
  const plural = (n, one, many) => `${number.format(n)} ${n === 1 ? one : many}`;
  const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  // A file name, which lines may also break after underscores.
  const breakable = (name) => name.split("_").flatMap((part, i) => (i ? ["_", make("wbr"), part] : [part]));

  // A long name for a card: both ends, since the last characters often tell images apart.
  function shortened(name) {
    const letters = [...name];
    return letters.length > 58 ? `${letters.slice(0, 36).join("")}…${letters.slice(-21).join("")}` : name;
  }

  // A text with the names of parameters in it.
  const explained = (text) =>
    text.split(/([a-z]+(?:_[a-z]+)+)/).map((part, i) => (i % 2 ? make("code", { textContent: part }) : part));

  // Depth of a color: its place on the published color map, brightness ignored.
  const colorMap = (() => {
    const runs = [
      [30, [127, 0, 255], [90, 87, 255]], [56, [89, 90, 255], [0, 254, 255]], [85, [3, 255, 252], [254, 255, 0]],
      [57, [255, 252, 3], [255, 84, 171]], [28, [255, 81, 173], [255, 0, 200]],
    ];
    return runs.flatMap(([length, from, to]) =>
      Array.from({ length }, (_, i) => from.map((start, c) => start + ((to[c] - start) * i) / (length - 1))));
  })();

  function sliceOf([red, green, blue]) {
    const brightest = Math.max(red, green, blue);
    if (brightest < 30) return null; // too dark to have a color
    let best = 0, least = Infinity;
    colorMap.forEach(([r, g, b], slice) => {
      const scale = 255 / brightest;
      const distance = (r - red * scale) ** 2 + (g - green * scale) ** 2 + (b - blue * scale) ** 2;
      if (distance < least) [best, least] = [slice, distance];
    });
    return best + 1;
  }

  class Panel {
    constructor(id) {
      this.root = $(id);
      this.frame = this.root.querySelector(".frame");
      this.lens = this.root.querySelector(".lens");
      this.image = this.root.querySelector("img");
      this.caption = this.root.querySelector("figcaption b");
      this.kind = this.caption.textContent;
      this.file = this.root.querySelector(".file");
      this.at = this.root.querySelector(".at");
      this.note = this.root.querySelector(".missing");
      this.pixels = null;
      this.small = false; // a thumbnail, in which pixels of several depths are mixed
      this.image.addEventListener("load", () => { this.pixels = null; drawCrosshair(); });
    }

    show({ picture, thumb, note = "" }, alt, file) {
      const source = picture ?? thumb;
      this.pixels = null;
      this.small = picture == null && thumb != null;
      this.image.hidden = source == null;
      if (source == null) this.image.removeAttribute("src");
      else this.image.src = report.pictures[source];
      this.image.alt = alt;
      this.caption.textContent = this.small ? `${this.kind}, thumbnail` : this.kind;
      this.caption.title = this.small ? note : "";
      this.file.textContent = this.file.title = file;
      this.note.hidden = source != null;
      this.note.textContent = note;
    }

    colorAt(x, y) {
      if (this.image.hidden || this.small || !this.image.complete || !this.image.naturalWidth) return null;
      if (!this.pixels) {
        const canvas = make("canvas", { width: this.image.naturalWidth, height: this.image.naturalHeight });
        this.pixels = canvas.getContext("2d", { willReadFrequently: true });
        this.pixels.drawImage(this.image, 0, 0);
      }
      const { width, height } = this.pixels.canvas;
      const column = Math.floor(((x + 0.5) / mask().width) * width), row = Math.floor(((y + 0.5) / mask().height) * height);
      return [...this.pixels.getImageData(column, row, 1, 1).data].slice(0, 3);
    }
  }
  const panels = { mask: new Panel("mask-panel"), match: new Panel("match-panel") };

  // A pixel of the mask corresponds to the pixel of the match at the same place, or, when the match is
  // mirrored, at the place reflected left to right. What is seen on screen is reflected once more when
  // the picture is drawn flipped.
  const reflect = (x) => mask().width - 1 - x;
  const inMatch = (x) => (match()?.mirrored ? reflect(x) : x);
  const onScreen = (panel, x) =>
    panel === panels.mask ? x : flipped() ? reflect(inMatch(x)) : inMatch(x);
  const fromScreen = (panel, x) => {
    if (panel === panels.mask) return x;
    const own = flipped() ? reflect(x) : x;
    return match()?.mirrored ? reflect(own) : own;
  };

  function drawCrosshair() {
    const { width, height } = mask();
    for (const panel of Object.values(panels)) {
      const origin = [(onScreen(panel, state.origin.x) + 0.5) / width, (state.origin.y + 0.5) / height];
      panel.lens.style.transformOrigin = `${origin[0] * 100}% ${origin[1] * 100}%`;
      panel.lens.style.transform = state.zoom === 1 ? "none" : `scale(${state.zoom})`;
      panel.lens.classList.toggle("zoomed", state.zoom > 1);
      panel.frame.classList.toggle("crossed", Boolean(state.point));
      panel.slice = null;
      if (!state.point || (panel === panels.match && !match())) { panel.at.textContent = ""; continue; }
      const { x, y } = state.point;
      const place = [(onScreen(panel, x) + 0.5) / width, (y + 0.5) / height]
        .map((part, axis) => origin[axis] + (part - origin[axis]) * state.zoom);
      panel.frame.querySelector(".cross-x").style.left = `${place[0] * 100}%`;
      panel.frame.querySelector(".cross-y").style.top = `${place[1] * 100}%`;
      const own = panel === panels.mask ? x : inMatch(x);
      const color = panel.colorAt(own, y);
      panel.slice = color && sliceOf(color);
      panel.at.textContent = `x ${own}  y ${y}${panel.slice ? `  slice ${panel.slice}` : ""}`;
    }
    for (const [name, panel] of Object.entries(panels)) {
      const tick = document.querySelector(`.tick-${name}`);
      tick.classList.toggle("on", Boolean(panel.slice));
      if (panel.slice) tick.style.left = `${((panel.slice - 0.5) / 256) * 100}%`;
    }
  }

  function pointAt(panel, event) {
    const box = panel.lens.getBoundingClientRect(); // of the zoomed picture
    const place = (part, size) => clamp(Math.floor(part * size), 0, size - 1);
    const x = place((event.clientX - box.left) / box.width, mask().width);
    return { x: fromScreen(panel, x), y: place((event.clientY - box.top) / box.height, mask().height) };
  }

  function moveCrosshair(dx, dy) {
    const { width, height } = mask();
    const from = state.point ?? { x: Math.floor(width / 2) - dx, y: Math.floor(height / 2) - dy };
    state.point = { x: clamp(from.x + dx, 0, width - 1), y: clamp(from.y + dy, 0, height - 1) };
    if (state.zoom > 1) state.origin = state.point;
    drawCrosshair();
    say(`Crosshair: ${Object.values(panels).map((panel) => panel.at.textContent).filter(Boolean).join("; match ")}`);
  }

  function zoom() {
    state.zoom = ZOOMS[(ZOOMS.indexOf(state.zoom) + 1) % ZOOMS.length];
    state.point ??= { x: Math.floor(mask().width / 2), y: Math.floor(mask().height / 2) };
    state.origin = state.point;
    $("zoom-value").textContent = `${state.zoom}×`;
    drawCrosshair();
  }

  function mirror() {
    if (!match()) return;
    if (match().mirrored) state.mirroring = !state.mirroring;
    else state.flipOnce = !state.flipOnce;
    drawFlips();
    say(flipped() ? "The match picture is mirrored" : "The match picture is as in its file");
  }

  function drawFlips() {
    panels.match.lens.classList.toggle("flipped", flipped());
    $("mirror").setAttribute("aria-checked", String(flipped()));
    for (const card of $("list").children) {
      card.querySelector(".thumb").classList.toggle("flipped", card.match.mirrored && state.mirroring);
    }
    drawCrosshair();
  }

  const say = (text) => { $("live").textContent = text; };
  const sexName = (sex) => ({ f: "female", m: "male" })[sex] ?? "unknown";

  function describe(found) {
    return [
      `Rank ${found.rank}`, found.name, ...(found.score == null ? [] : [`normalized score ${decimal.format(found.score)}`]),
      plural(found.pixels, "pixel", "pixels"), `${percent(found.ratio)} percent of the mask`,
      ...(found.mirrored ? ["mirrored"] : []),
    ].join(", ");
  }

  function drawMatch() {
    const found = match();
    $("found").hidden = $("depth").hidden = !found;
    panels.match.root.classList.toggle("vacant", !found);
    $("previous").disabled = state.current === 0;
    $("next").disabled = state.current >= state.shown.length - 1;
    if (!found) {
      panels.match.show({ note: "No match fits the filter." }, "", "");
      drawFlips();
      return;
    }
    const flag = found.mirrored ? " (mirrored)" : "";
    panels.match.show(found, `Match ${found.rank}: ${found.name}${flag}`, found.file);
    $("rank").textContent = number.format(found.rank);
    $("name").replaceChildren(...breakable(found.name));
    $("name").title = found.name;
    const byShape = found.score != null; // else the score is the number of pixels
    $("normalized").hidden = !byShape;
    $("normalized-score").textContent = byShape ? decimal.format(found.score) : "";
    $("pixels-name").textContent = byShape ? "Matching pixels" : "Score";
    $("score").textContent = number.format(found.pixels);
    $("ratio").textContent = percent(found.ratio);
    const texts = [...(found.mirrored ? ["mirrored match"] : []), ...found.details];
    $("details").textContent = $("details").title = texts.join(" · ");
    drawFlips();
  }

  function select(position, { announce = true } = {}) {
    state.current = clamp(position, 0, Math.max(state.shown.length - 1, 0));
    state.flipOnce = false;
    while (state.drawn <= state.current && state.drawn < state.shown.length) drawMore();
    const list = $("list");
    list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    const card = list.children[state.current];
    if (card) {
      card.setAttribute("aria-selected", "true");
      list.setAttribute("aria-activedescendant", card.id);
    } else list.removeAttribute("aria-activedescendant");
    drawMatch();
    if (announce && match()) say(describe(match()));
  }

  // Where the pictures do not stay on screen (a phone), choosing a card brings them back into view.
  function choose(position) {
    select(position);
    const box = $("viewer").getBoundingClientRect();
    if (box.top < 0 && getComputedStyle($("viewer")).position !== "sticky") $("viewer").scrollIntoView();
  }

  function step(by, { follow = false } = {}) {
    if (!state.shown.length) return;
    select(state.current + by);
    if (follow || document.activeElement === $("list")) $("list").children[state.current]?.scrollIntoView({ block: "nearest" });
  }

  function card(found, position) {
    const thumb = make("div", { className: "thumb" });
    const source = found.thumb ?? found.picture;
    // Neither lazy nor async: nothing is fetched, and both leave black cards while scrolling and in screenshots.
    if (source != null) thumb.append(make("img", { src: report.pictures[source], alt: "", decoding: "sync" }));
    else thumb.textContent = "no preview";
    const bar = make("div", { className: "bar" }, make("i"));
    bar.firstChild.style.width = `${clamp(((found.score ?? found.pixels) / Math.max(mask().best, 1)) * 100, 0, 100)}%`;
    const node = make("div", { className: "card", id: `match-${found.rank}`, match: found, title: found.name },
      thumb,
      make("div", { className: "label" },
        make("p", { className: "title" },
          make("i", { textContent: number.format(found.rank) }), make("span", {}, ...breakable(shortened(found.name)))),
        make("p", { className: "values" },
          ...(found.score == null ? [] : [make("b", { textContent: decimal.format(found.score) })]),
          make(found.score == null ? "b" : "span", { textContent: `${number.format(found.pixels)} px` }), make("span", { textContent: `${percent(found.ratio)} %` }),
          ...(found.mirrored ? [make("em", { title: "mirrored" }, "⇄", make("span", { textContent: " mirrored" }))] : [])),
        bar));
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", "false");
    node.setAttribute("aria-label", describe(found));
    node.setAttribute("aria-posinset", String(position + 1));
    node.setAttribute("aria-setsize", String(state.shown.length));
    thumb.classList.toggle("flipped", found.mirrored && state.mirroring);
    node.addEventListener("click", () => choose(position));
    return node;
  }

  function drawMore() {
    const from = state.drawn;
    state.drawn = Math.min(from + PER_VIEW, state.shown.length);
    $("list").append(...state.shown.slice(from, state.drawn).map((found, i) => card(found, from + i)));
    const left = state.shown.length - state.drawn;
    $("more").hidden = left === 0;
    $("more").textContent = `Show ${Math.min(PER_VIEW, left)} more`;
  }

  // What is typed is found as plain text or as a regular expression, whichever fits.
  function nameTest(text) {
    if (!text) return () => true;
    const plain = text.toLowerCase();
    let pattern = null;
    try { pattern = new RegExp(text, "i"); } catch { pattern = null; } // half-typed: the plain text still works
    return (found) => [found.name, found.file].some((name) => name.toLowerCase().includes(plain) || pattern?.test(name));
  }

  const collator = new Intl.Collator("en", { numeric: true });
  const ORDERS = {
    score: (a, b) => a.rank - b.rank,
    ratio: (a, b) => b.ratio - a.ratio || a.rank - b.rank,
    name: (a, b) => collator.compare(a.name, b.name) || a.rank - b.rank,
  };

  function drawList({ keep = null } = {}) {
    const named = nameTest($("filter").value.trim());
    const library = $("library").value, sex = $("sex").value;
    state.shown = mask().matches
      .filter((found) => named(found) && (!library || found.library === library) && (!sex || (found.sex || "?") === sex))
      .sort(ORDERS[$("sort").value]);
    state.drawn = 0;
    $("list").replaceChildren();
    $("list").hidden = !state.shown.length;
    $("empty").hidden = Boolean(state.shown.length);
    $("more").hidden = true;
    if (state.shown.length) drawMore();
    const all = mask().found;
    $("count").textContent = state.shown.length === all ? plural(all, "match", "matches")
      : `${number.format(state.shown.length)} of ${plural(all, "match", "matches")}`;
    select(Math.max(state.shown.indexOf(keep), 0), { announce: false });
  }

  function choices(select, label, values, nameOf) {
    const distinct = [...new Set(values)].sort(collator.compare);
    select.replaceChildren(make("option", { value: "", textContent: "All" }),
      ...distinct.map((value) => make("option", { value, textContent: nameOf(value) })));
    label.hidden = distinct.length < 2;
  }

  function drawMask() {
    const { width, height, file, matches, found, pixels, boxes, reason, conditions, advice } = mask();
    document.body.classList.toggle("upright", height > width);
    document.body.classList.toggle("wide", height <= width);
    document.body.classList.toggle("matchless", found === 0);
    document.documentElement.style.setProperty("--shape", String(width / height));
    state.point = null;
    state.zoom = 1;
    state.origin = { x: 0, y: 0 };
    $("zoom-value").textContent = "1×";
    panels.mask.show(mask(), `Mask ${file}`, file);
    const drawing = document.querySelector(".boxes");
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.replaceChildren(...boxes.map(([x0, y0, x1, y1]) => {
      const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 }).forEach((pair) => box.setAttribute(...pair));
      return box;
    }));
    const title = found ? `${plural(found, "match", "matches")} for ` : "No match for ";
    document.title = title + file;
    $("title").replaceChildren(title, make("span", { title: file }, ...breakable(file)));
    const searched = `${plural(report.searched, "image", "images")} searched${report.library ? ` in “${report.library}”` : ""}`;
    const cut = matches.length < found ? ` · the best ${number.format(matches.length)} are shown` : "";
    $("summary").textContent = `${searched} · mask of ${plural(pixels, "pixel", "pixels")}${cut}`;
    $("none").hidden = found > 0;
    $("results").hidden = found === 0;
    $("none-reason").textContent = reason;
    for (const [id, texts] of [["none-conditions", conditions], ["none-advice", advice]]) {
      $(id).querySelector("ul").replaceChildren(...texts.map((text) => make("li", {}, ...explained(text))));
      $(id).hidden = !texts.length;
    }
    choices($("library"), $("library-choice"), matches.map((m) => m.library), (value) => value || "unknown");
    choices($("sex"), $("sex-choice"), matches.map((m) => m.sex || "?"), sexName);
    $("filter").value = "";
    drawList();
  }

  function chooseMask(index) {
    if (index < 0 || index >= report.masks.length || index === state.mask) return;
    state.mask = index;
    $("mask-select").value = String(index);
    drawMask();
    say($("title").textContent);
  }

  function drawAbout() {
    const { unread, unsearched } = report;
    const lost = unsearched.reduce((sum, range) => sum + range.end - range.start, 0);
    const parts = [
      ...(unread.count ? [`${unread.orMore ? "at least " : ""}${plural(unread.count, "image", "images")} could not be read`] : []),
      ...(lost ? [`${plural(lost, "image was", "images were")} not searched`] : []),
    ];
    if (parts.length) {
      const link = make("a", { href: "#problems", textContent: "Which, and why" });
      link.addEventListener("click", () => { $("problems").open = true; });
      $("notice").append(`${parts.join(", and ")}. `, link);
      $("notice").hidden = $("problems").hidden = false;
      $("problems").querySelector("summary").textContent = parts.join(", and ");
      const body = $("problems").querySelector("div");
      if (lost) {
        body.append(make("h3", { textContent: "Not searched" }), make("ul", {}, ...unsearched.map(({ start, end, reason }) =>
          make("li", { textContent: `images ${start} to ${end - 1}: ${reason}` }))));
      }
      if (unread.count) {
        const more = unread.count - unread.listed.length;
        body.append(make("h3", { textContent: "Could not be read" }), make("ul", {},
          ...unread.listed.map(({ item, error }) => make("li", { textContent: `${item}: ${error}` })),
          ...(more ? [make("li", { textContent: `and ${number.format(more)} more` })] : [])));
      }
    }
    $("parameters").querySelector("dl").append(...Object.entries(report.parameters).flatMap(([name, value]) =>
      [make("dt", { textContent: name }), make("dd", { textContent: typeof value === "string" ? value : JSON.stringify(value) })]));
  }

  function columns() {
    return getComputedStyle($("list")).gridTemplateColumns.split(" ").length;
  }

  const KEYS = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    Home: () => step(-Infinity),
    End: () => step(Infinity),
    "/": () => $("filter").focus(),
    m: mirror,
    z: zoom,
    "[": () => chooseMask(state.mask - 1),
    "]": () => chooseMask(state.mask + 1),
    "?": () => $("help").showModal(),
  };
  const LIST_KEYS = {
    ArrowUp: () => step(-columns(), { follow: true }),
    ArrowDown: () => step(columns(), { follow: true }),
    Enter: () => choose(state.current),
  };
  const CROSSHAIR_KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    if (event.target.matches("input, select, textarea")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.shiftKey && CROSSHAIR_KEYS[key]) moveCrosshair(...CROSSHAIR_KEYS[key]);
    else if (event.target === $("list") && LIST_KEYS[key]) LIST_KEYS[key]();
    else if (KEYS[key]) KEYS[key]();
    else return;
    event.preventDefault();
  });
  $("filter").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && $("filter").value) { $("filter").value = ""; drawList({ keep: match() }); }
    else if (["Escape", "Enter", "ArrowDown"].includes(event.key)) $("list").focus();
    else return;
    event.preventDefault();
  });
  $("filter").addEventListener("input", () => drawList({ keep: match() }));
  for (const id of ["library", "sex", "sort"]) $(id).addEventListener("change", () => drawList({ keep: match() }));
  $("clear").addEventListener("click", () => {
    for (const id of ["filter", "library", "sex"]) $(id).value = "";
    drawList();
    $("list").focus();
  });
  $("more").addEventListener("click", drawMore);
  $("mirror").addEventListener("click", mirror);
  $("zoom").addEventListener("click", zoom);
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("help-button").addEventListener("click", () => $("help").showModal());
  $("help-close").addEventListener("click", () => $("help").close());
  for (const panel of Object.values(panels)) {
    panel.frame.addEventListener("pointermove", (event) => { state.point = pointAt(panel, event); drawCrosshair(); });
    panel.frame.addEventListener("pointerdown", (event) => { state.point = pointAt(panel, event); drawCrosshair(); });
    panel.frame.addEventListener("dblclick", zoom);
  }
  new ResizeObserver(() => {
    const sticky = getComputedStyle($("viewer")).position === "sticky";
    document.documentElement.style.setProperty("--covered", sticky ? `${$("viewer").offsetHeight}px` : "0px");
  }).observe($("viewer"));

  $("mask-choice").hidden = report.masks.length < 2;
  $("mask-select").append(...report.masks.map(({ file }, index) => make("option", { value: String(index), textContent: file })));
  $("mask-select").addEventListener("change", () => chooseMask(Number($("mask-select").value)));
  drawAbout();
  drawMask();
})();
