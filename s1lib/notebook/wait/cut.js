// The limit: a thought that has ended is cut after so many tokens, and the model answers there.

const DELAY = 120; // milliseconds without a move of the slider before the model is asked

export class Cut {
  // `on` holds what to call: answer(kept, limit, signal) promises the thought that is cut there,
  // answered(thought) and failed(error) hear of it.
  constructor(on) {
    this.on = on;
    this.place = null; // {at, thought}; the thought is null until the model has answered
  }

  // Cuts `thought` after `at` tokens; at its end nothing is cut.
  move(thought, at) {
    this.stop();
    if (at >= thought.ids.length) return;
    const place = (this.place = { at, thought: null });
    // All of the thought is handed on: an engine may keep what it knows behind the cut.
    this.timer = setTimeout(() => this.ask(place, { ids: thought.ids, ends: thought.ends }), DELAY);
  }

  async ask(place, kept) {
    this.controller = new AbortController();
    try {
      place.thought = await this.on.answer(kept, place.at, this.controller.signal);
      if (this.place === place) this.on.answered(place.thought);
    } catch (error) {
      if (error?.name !== "AbortError" && this.place === place) this.on.failed(error);
    }
  }

  stop() {
    this.controller?.abort();
    clearTimeout(this.timer);
    this.place = null;
  }
}
