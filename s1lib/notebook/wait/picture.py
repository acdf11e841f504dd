"""The recorded picture of the widget, for readers whose notebook does not run.

It stands below the live widget, which hides it. A code-hosting page shows it alone. In a page
exported from the notebook, a script takes the page's front end from docs/try/ and puts the live
widget in its place; if that cannot be loaded, the picture stays.
"""

import base64
from html import escape

from s1lib.io import ROOT

PICTURE = ROOT / "docs" / "wait.png"
PAGE = "../docs/try/"  # from notebooks/; from build/html/ one folder further up

# JupyterLab runs scripts of outputs, too: only exported pages are to load the front end.
_SCRIPT = """
(() => {
  const here = document.currentScript.parentElement;
  const exported = location.protocol === "file:" || document.body.classList.contains("jp-Notebook");
  if (!exported) return;
  const load = ([page, ...others]) => {
    const script = document.createElement("script");
    script.src = `${page}wait.js`;
    script.onload = () => {
      const root = document.createElement("div");
      here.replaceWith(root);
      s1Wait.open(root, `${page}model.js`);
    };
    if (others.length) script.onerror = () => load(others);
    document.head.append(script);
  };
  load(["PAGE", "../PAGE"]);
})();
"""


def picture_html(key: str, texts: dict[str, str]) -> str:
    """Write the figure that a live widget with this key hides."""
    image = base64.b64encode(PICTURE.read_bytes()).decode("ascii")
    return (
        f'<figure style="margin:0" class="mathjax_ignore" data-s1-wait="{escape(key)}">'
        f'<img alt="{escape(texts["picture"])}" style="max-width:100%" '
        f'src="data:image/png;base64,{image}">'
        f"<figcaption>{escape(texts['picture hint'])} "
        f'<a href="{PAGE}index.html">docs/try/index.html</a></figcaption>'
        f"<script>{_SCRIPT.replace('PAGE', PAGE)}</script></figure>"
    )
