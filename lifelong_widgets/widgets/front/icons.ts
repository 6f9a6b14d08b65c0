/** Icons as inline SVG: bare machines have no emoji and no icon font. */
const SVG = "http://www.w3.org/2000/svg";

const PATHS: Record<string, { fill?: string; stroke?: string }> = {
  like: {
    fill: "M4 9h3v8H4zM8 17h6.2c.8 0 1.5-.6 1.7-1.4l1.1-4.6A1.6 1.6 0 0 0 15.4 9H11.5l.6-3.3c.1-.9-.5-1.7-1.4-1.7L8 9z",
  },
  dislike: {
    fill: "M16 11h-3V3h3zM12 3H5.8C5 3 4.3 3.6 4.1 4.4L3 9a1.6 1.6 0 0 0 1.6 2h3.9l-.6 3.3c-.1.9.5 1.7 1.4 1.7L12 11z",
  },
  view: { stroke: "M11 3h6v6M17 3l-8 8M15 11.500V16a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1h4.500" },
  purchase: {
    stroke: "M3 4h2l2 8.500h7.500L17 6.500H6",
    fill: "M6.600 16a1.400 1.400 0 1 0 2.800 0a1.400 1.400 0 1 0-2.800 0M12.100 16a1.400 1.400 0 1 0 2.800 0a1.400 1.400 0 1 0-2.800 0",
  },
  undo: { stroke: "M8 4 4 8l4 4M4.500 8H12a4.500 4.500 0 0 1 0 9H7" },
  journal: { stroke: "M3 17.500h14M5 14v-3l7.500-7.500a1.500 1.500 0 0 1 2 0l1 1a1.500 1.500 0 0 1 0 2L8 14z" },
  more: {
    fill: "M3.500 10a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0-3 0M8.500 10a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0-3 0M13.500 10a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0-3 0",
  },
  skip: { fill: "M4 5l6 5-6 5zM11 5l6 5-6 5z" },
};

const DRAWN = new Map<string, SVGSVGElement>();

/** A fresh copy of the icon that `PATHS` calls so. */
export function icon(name: string): SVGSVGElement {
  let drawn = DRAWN.get(name);
  if (!drawn) DRAWN.set(name, (drawn = draw(name)));
  return drawn.cloneNode(true) as SVGSVGElement;
}

function draw(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", width: "16", height: "16", "aria-hidden": "true" }))
    svg.setAttribute(key, value);
  const { fill, stroke } = PATHS[name] ?? {};
  if (fill) svg.append(path({ d: fill, fill: "currentColor" }));
  if (stroke) svg.append(path({ d: stroke, fill: "none", stroke: "currentColor", "stroke-width": "1.6" }));
  return svg;
}

function path(attributes: Record<string, string>): SVGPathElement {
  const element = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
