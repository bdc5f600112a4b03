/** The specification of a timeline, as it suits the page: its width, and its colours. Pure. */

type Json = Record<string, unknown>;

const MARGINS = 110; // the labels of the rows, left of the bars
const NARROW = 520;

/**
 * @param specification Vega-Lite, as the API has it: charts above each other, of a fixed width, on white.
 * @param width pixels that there are.
 */
export function fitted(specification: Json, width: number, dark: boolean): Json {
  const inner = Math.max(160, Math.round(width - MARGINS));
  const text = dark ? "#c9c9c9" : "#333a42";
  const line = dark ? "#424242" : "#dfe3e8";
  const config = isObject(specification.config) ? specification.config : {};
  const axis = isObject(config.axis) ? config.axis : {};
  return {
    ...specification,
    background: "transparent",
    config: {
      ...config,
      view: { stroke: line },
      axis: { ...axis, gridColor: line, domainColor: line, tickColor: line, labelColor: text, titleColor: text },
      legend: { labelColor: text, titleColor: text },
    },
    vconcat: charts(specification).map((chart) => fittedChart(chart, inner)),
  };
}

function fittedChart(chart: Json, width: number): Json {
  const encoding = isObject(chart.encoding) ? chart.encoding : {};
  const fitting = { ...chart, width };
  if (width >= NARROW) return fitting;
  // Names of phases in one line would be wider than the page.
  const narrow = Object.fromEntries(
    Object.entries(encoding).map(([channel, value]) =>
      isObject(value) && isObject(value.legend)
        ? [channel, { ...value, legend: { ...value.legend, columns: 3 } }]
        : [channel, value],
    ),
  );
  return { ...fitting, encoding: narrow };
}

function charts(specification: Json): Json[] {
  return Array.isArray(specification.vconcat) ? specification.vconcat.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
