/** Words in the reader's language, from the same catalogues that Python reads. */
import en from "../locales/en.json";
import zh from "../locales/zh.json";

export type Words = Record<string, string>;
const CATALOGUES: Record<string, Words> = { en, zh };

export interface Language {
  /** A BCP 47 tag for `lang` and `Intl`. */
  readonly tag: string;
  /** The text of `key` with its `{placeholders}` filled; with `n`, the plural form that the language wants. */
  say(key: string, values?: Record<string, string | number>): string;
  number(value: number, digits?: number): string;
  /** A share as the field writes it: .246, and +.153 with a sign. */
  share(value: number, signed?: boolean): string;
}

/** Of the languages that the reader wants, the first that we speak. */
function chosen(): string {
  const page = document.documentElement.lang;
  // "en" says nothing: it is what JupyterLab's page has unless a language pack was chosen.
  const wanted = page && !/^en\b/i.test(page) ? [page] : [...(navigator.languages ?? [navigator.language]), page];
  return wanted.map((tag) => tag.split("-")[0]?.toLowerCase() ?? "").find((tag) => Object.hasOwn(CATALOGUES, tag)) ?? "en";
}

export function language(locale: string): Language {
  const tag = locale === "auto" ? chosen() : locale === "zh" ? "zh" : "en";
  const words: Words = CATALOGUES[tag] ?? en;
  const plural = new Intl.PluralRules(tag);
  const formats: Intl.NumberFormat[] = []; // by digits: making one costs more than using it twenty times
  const number = (value: number, digits = 0) =>
    (formats[digits] ??= new Intl.NumberFormat(tag, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })).format(value);
  return {
    tag,
    number,
    say(key, values = {}) {
      const form = typeof values.n === "number" ? `${key}.${plural.select(values.n)}` : key;
      const text = words[form] ?? words[key] ?? key;
      return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name];
        return value === undefined ? whole : typeof value === "number" ? number(value) : isolated(value);
      });
    },
    share(value, signed = false) {
      const text = number(Math.abs(value), 3).replace(/^0/, "");
      return (value < 0 ? "−" : signed ? "+" : "") + text;
    },
  };
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b]/;

/** A title in Hebrew or Arabic must not turn the sentence around it: it is put between marks that isolate it. */
export function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}
