// The notebook's home of the widget: the model runs in the kernel, and anywidget carries messages.
//
// To the kernel: {type: "think", run, question, kept, wait, on, limit}, {type: "stop", run}, and
// {type: "ask", run}, which wants no answer: that it can be sent says that the line is open.
// From it: {type: "alive", run}, {type: "tokens", run, tokens}, {type: "thought", run, thought} and
// {type: "error", run, message}. Each run has a number; what comes for an old one is dropped.

import { drawWait } from "./wait.js";

const SILENT = 4000; // milliseconds without a word from the kernel before the reader is told
const GONE = 12_000; // and before a kernel that had begun to think counts as dead; it beats each second

// `on` holds what to call: silent(text), and lost(error) when the kernel has died or was restarted.
function kernelEngine(model, on) {
  const texts = model.get("texts");
  const runs = new Map(); // for each run {heard(message), fail(error)}
  let lost = null; // the error that says so

  const lose = () => {
    if (lost) return;
    lost = new Error(texts["kernel lost"]);
    runs.forEach((run) => run.fail(lost));
    on.lost(lost);
  };
  // JupyterLab closes a widget's line to a kernel that has gone; to write to it is then an error.
  const attempt = (write) => {
    try {
      if (!lost) write();
    } catch {
      lose();
    }
  };
  const send = (message) => attempt(() => model.send(message));
  const onMessage = (message) => runs.get(message.run)?.heard(message);
  model.on("msg:custom", onMessage);
  model.on("comm_live_update", lose); // ipywidgets says so when a reader restarts the kernel

  function think({ question, kept, wait, limit }, { onToken = () => {}, signal } = {}) {
    if (lost) return Promise.reject(lost);
    const run = `${Date.now()}-${Math.random()}`;
    return new Promise((resolve, reject) => {
      let timer, begun = false;
      const watch = () => {
        clearInterval(timer);
        let silent = 0;
        timer = setInterval(() => {
          silent += SILENT;
          send({ type: "ask", run });
          if (begun && silent >= GONE) stop(new Error(texts["kernel gone"]));
          else if (!lost) on.silent(texts["kernel silent"]);
        }, SILENT);
      };
      const end = (settle, value) => {
        clearInterval(timer);
        signal?.removeEventListener("abort", abort);
        runs.delete(run);
        settle(value);
      };
      const stop = (error) => {
        end(reject, error);
        send({ type: "stop", run });
      };
      const abort = () => stop(Object.assign(new Error("Stopped."), { name: "AbortError" }));
      const heard = (message) => {
        begun = true;
        watch();
        if (message.type === "tokens") message.tokens.forEach(([id, text, forced, phase]) => onToken({ id, text, forced, phase }));
        else if (message.type === "thought") end(resolve, message.thought);
        else if (message.type === "error") end(reject, new Error(message.message));
      };
      runs.set(run, { heard, fail: (error) => end(reject, error) });
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort);
      watch();
      // JSON has no undefined: `on` says that nothing is ignored.
      send({ type: "think", run, question, kept, wait: wait ?? null, on: wait === undefined, limit });
    });
  }

  return {
    think,
    // Of the model; null while it is being loaded.
    get info() {
      const info = model.get("info");
      return info?.name ? info : null;
    },
    // Tells other cells what the reader did.
    tell(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      attempt(() => model.save_changes());
    },
    close() {
      model.off("msg:custom", onMessage);
      model.off("comm_live_update", lose);
    },
  };
}

// What anywidget calls for each view; returns what takes it away again.
export function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  let widget = null;
  const engine = kernelEngine(model, {
    silent: (text) => widget.say(text),
    lost: (error) => widget?.fail(error),
  });
  const data = {
    texts: model.get("texts"), questions: model.get("questions"), rates: model.get("rates"),
    recorded: model.get("recorded"), open: model.get("unfolded"), heading: model.get("heading"),
  };
  const told = []; // the kernel repeats what it was told, perhaps when the reader has typed on
  const tell = (state) => {
    told.push(state.question);
    if (told.length > 50) told.shift();
    engine.tell(state);
  };
  widget = drawWait(root, engine, data, tell);
  // The recorded picture that stands below the widget has done its work.
  const style = document.createElement("style");
  style.textContent = `[data-s1-wait="${String(model.get("key")).replace(/\W/g, "")}"] { display: none; }`;
  el.append(style);
  const arrived = () => widget.refresh();
  const failed = () => model.get("error") && widget.fail(model.get("error"));
  const asked = () => {
    if (!told.includes(model.get("question"))) widget.question = model.get("question");
  };
  model.on("change:info", arrived);
  model.on("change:error", failed);
  model.on("change:question", asked);
  failed();
  return () => {
    model.off("change:info", arrived);
    model.off("change:error", failed);
    model.off("change:question", asked);
    widget.destroy();
    engine.close();
  };
}
