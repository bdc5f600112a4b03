import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import type { Format } from "../../../api/analysisQueries";
import classes from "./CodeEditor.module.css";

export interface Trouble {
  detail: string;
  /** From 1; null when it is of no line. */
  line: number | null;
}

interface CodeEditorProps {
  value: string;
  onChange: (text: string) => void;
  format: Format;
  /** What is wrong, shown at its line. */
  problems: readonly Trouble[];
  /** What screen readers call it. */
  label: string;
}

const LANGUAGES = { json, yaml };

const theme = EditorView.theme({
  "&": { backgroundColor: "light-dark(var(--mantine-color-white), var(--mantine-color-dark-6))", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6", maxHeight: "60vh" },
  ".cm-content": { minHeight: "180px", caretColor: "var(--mantine-color-text)" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-gutters": {
    backgroundColor: "light-dark(var(--mantine-color-gray-0), var(--mantine-color-dark-7))",
    color: "light-dark(var(--mantine-color-gray-7), var(--mantine-color-dark-1))",
    border: "none",
  },
  ".cm-activeLine": { backgroundColor: "light-dark(rgb(0 0 0 / 3%), rgb(255 255 255 / 4%))" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "light-dark(var(--mantine-color-sky-1), var(--mantine-color-sky-9))",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--mantine-color-body)",
    border: "1px solid light-dark(var(--mantine-color-gray-4), var(--mantine-color-dark-4))",
    padding: "2px 4px",
    maxWidth: "min(480px, 90vw)",
  },
  ".cm-panels": { backgroundColor: "var(--mantine-color-body)", color: "var(--mantine-color-text)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "light-dark(#0a4690, #8fc0f7)" },
  { tag: tags.string, color: "light-dark(#1e6b34, #8fd6a3)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.atom], color: "light-dark(#8a3b00, #f0b27a)" },
  { tag: tags.comment, color: "light-dark(#5c636b, #a6adb5)", fontStyle: "italic" },
]);

/** A text of JSON or YAML with line numbers, undo, search (Ctrl+F), and problems at their lines. Tab leaves it. */
export default function CodeEditor({ value, onChange, format, problems, label }: CodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(null);
  const changed = useRef(onChange);
  const first = useRef({ value, format, label });
  const language = useRef(new Compartment());
  const named = useRef(new Compartment());
  changed.current = onChange;

  useEffect(() => {
    if (place.current === null) return undefined;
    const { value: doc, format: written, label: called } = first.current;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap]),
          language.current.of(LANGUAGES[written]()),
          named.current.of(EditorView.contentAttributes.of({ "aria-label": called })),
          syntaxHighlighting(colours),
          EditorView.lineWrapping,
          theme,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    editor.current = view;
    return () => {
      editor.current = null;
      view.destroy();
    };
  }, []);

  useEffect(() => {
    const view = editor.current;
    if (view === null || view.state.doc.toString() === value) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    editor.current?.dispatch({
      effects: [
        language.current.reconfigure(LANGUAGES[format]()),
        named.current.reconfigure(EditorView.contentAttributes.of({ "aria-label": label })),
      ],
    });
  }, [format, label]);

  useEffect(() => {
    const view = editor.current;
    if (view === null) return;
    view.dispatch(
      setDiagnostics(
        view.state,
        problems.flatMap((problem) => diagnostic(view.state, problem)),
      ),
    );
  }, [problems]);

  return <div ref={place} className={`${classes.editor} ${problems.length > 0 ? classes.invalid : ""}`} />;
}

function diagnostic(state: EditorState, { detail, line }: Trouble): Diagnostic[] {
  if (line === null) return [];
  const at = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
  const indent = at.text.length - at.text.trimStart().length;
  return [{ from: at.from + indent, to: at.to, severity: "error", message: detail }];
}
