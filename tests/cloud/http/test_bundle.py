"""The joined modules as text; tests/page runs them in Chromium."""

import pytest

from presslight.cloud.http.bundle import bundles
from presslight.cloud.http.pages import FOLDER

WORDS = """const own = 1;
export async function ms(value) {
  return own + value;
}
"""
MORE = """import { ms } from "./words.js";
export const A = ms(1);
export class B {}"""
APP = """import {
  A,
  B,
} from "./more.js";
import { ms as inMs } from "./words.js";

show(inMs(A));
"""
JOINED = """const $words = (() => {
"use strict";
const own = 1;
async function ms(value) {
  return own + value;
}

return { ms };
})();
const $more = (() => {
"use strict";
const { ms } = $words;
const A = ms(1);
class B {}
return { A, B };
})();
const $app = (() => {
"use strict";
const {
  A,
  B,
} = $more;
const { ms: inMs } = $words;

show(inMs(A));

return {  };
})();
"""


def test_module_stands_after_what_it_imports_and_sees_its_names() -> None:
    assert bundles({"app": APP, "more": MORE, "words": WORDS}, ["app"]) == [JOINED]


def test_jsdoc_is_left_out() -> None:
    typed = """/** @import { T } from "./types.d.ts" */

export class A {
  /** The sum.
   * @param {T} one @returns {T} */
  add(one) { // stays
    return /** @type {T} */ (one);
  }
}
"""
    (script,) = bundles({"app": typed}, ["app"])
    assert "@" not in script.replace("/** @type {T} */ (one)", "")
    assert "  add(one) { // stays\n" in script


@pytest.mark.parametrize(
    "text",
    [
        "export default 1;\n",
        "export { one };\n",
        "export let one = 1;\n",
        'import one from "./one.js";\n',
        'import * as one from "./one.js";\n',
        'import { one } from "https://elsewhere.test/one.js";\n',
        '  import { one } from "./one.js";\n',
        'const one = await import("./one.js");\n',
        "const here = import.meta.url;\n",
    ],
)
def test_form_that_the_bundle_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"app\.js"):
        bundles({"app": text, "one": "export const one = 1;\n"}, ["app"])


def test_modules_that_import_each_other_are_refused() -> None:
    modules = {name: f'import {{ x }} from "./{other}.js";\nexport const x = 1;\n' for name, other in ("ab", "ba")}
    with pytest.raises(ValueError, match="cycle"):
        bundles(modules, ["a"])


def test_module_stands_in_the_first_script_that_needs_it_and_in_no_other() -> None:
    first, second = bundles({"app": APP, "more": MORE, "words": WORDS, "unused": ""}, ["more", "app"])
    assert [name for name in ("words", "more", "app", "unused") if f"const ${name} = " in first] == ["words", "more"]
    assert [name for name in ("words", "more", "app", "unused") if f"const ${name} = " in second] == ["app"]


def test_name_that_a_module_does_not_export_is_refused() -> None:
    with pytest.raises(ValueError, match=r"words\.js exports no msec"):
        bundles({"app": 'import { msec } from "./words.js";\n', "words": "export const ms = 1;\n"}, ["app"])


@pytest.mark.parametrize("names", ["{ ms }", "{}"])
def test_module_that_is_missing_is_refused(names: str) -> None:
    with pytest.raises(ValueError, match=r"app\.js: there is no words\.js"):
        bundles({"app": f'import {names} from "./words.js";\n'}, ["app"])


def test_page_is_joined_whole() -> None:
    modules = {file.stem: file.read_text() for file in FOLDER.glob("*.js")}
    joined = "".join(bundles(modules, ["early", "app"]))
    assert all(joined.count(f"const ${name} = ") == 1 for name in modules)
