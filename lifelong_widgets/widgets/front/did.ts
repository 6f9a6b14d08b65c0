/** What somebody did last, and what that did to the list, in words. */
import type { Language } from "./i18n";
import { isWorded } from "./kinds";

export interface Did {
  kind: string;
  label: string;
  title: string;
  /** How many clicks the list answers; the one named here is the last of them. */
  n: number;
  /** Whether a click was taken back; `user` is then whose it was, if not the viewer's own. */
  undone: boolean;
  /** Whether it was remembered and not learned, since the privacy budget is spent. */
  withheld?: boolean;
  user: string | null;
  moved: number;
  total: number;
  up: string[];
  down: string[];
}

export function sentence(words: Language, { kind, label, title, n, undone, withheld, user }: Did): string {
  if (undone && n > 1) return words.say("undo.many", { n });
  const named = user === null ? title : words.say("undo.whose", { title, user });
  const key = `${undone ? "undo" : "did"}.${isWorded({ name: kind, label }) ? kind : "other"}`;
  const one = words.say(key, { kind: label, title: named });
  const all = n > 1 ? words.say("did.many", { n, last: one }) : one;
  return withheld ? `${all}${words.tag === "zh" ? "" : " "}${words.say("did.withheld")}` : all;
}

/** What Undo would take back: somebody else's click, which was learned after the viewer's last. */
export interface Next {
  kind: string;
  label: string;
  title: string;
  user: string | null;
  /** Whether a simulation is running: what is the last click then changes all the time. */
  running: boolean;
}

export function warning(words: Language, { running, ...click }: Next): string {
  if (running) return words.say("next.running");
  const { kind, label, title, user } = click;
  const named = user === null ? title : words.say("undo.whose", { title, user });
  const key = `did.${isWorded({ name: kind, label }) ? kind : "other"}`;
  return words.say("next", { click: words.say(key, { kind: label, title: named }) });
}

export function consequence(words: Language, { moved, total, up, down }: Did): string {
  if (moved === 0) return words.say("did.still");
  const trends = [
    up.length ? words.say("did.up", { categories: up.join(", ") }) : "",
    down.length ? words.say("did.down", { categories: down.join(", ") }) : "",
  ].filter(Boolean);
  const head = words.say("did.moved", { n: moved, total });
  return trends.length ? `${head}: ${trends.join(", ")}` : head;
}
