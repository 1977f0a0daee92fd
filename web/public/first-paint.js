/*
 * Puts theme, language and direction on <html> before the first paint, so that a page in the
 * other theme or direction never shows for a moment. The same rules as
 * src/preferences/preferences.ts; preferences.test.ts compares the two.
 */
(function () {
  "use strict";
  var root = document.documentElement;
  var languages = ["fr", "en", "ar", "hi"];
  var chosen = null;
  var theme = null;
  try {
    chosen = window.localStorage.getItem("galerne.language");
    theme = window.localStorage.getItem("galerne.theme");
  } catch (_refused) {
    // A browser that keeps nothing for this page: its own wishes decide.
  }
  var tags = [chosen || ""].concat(window.navigator.languages || []);
  var wanted = tags.map(function (tag, at) {
    return at === 0 ? tag : tag.split(/[-_]/)[0].toLowerCase();
  });
  var language = wanted.find(function (tag) {
    return languages.indexOf(tag) >= 0;
  });
  root.lang = language || "en";
  root.dir = root.lang === "ar" ? "rtl" : "ltr";
  if (theme === "light" || theme === "dark") root.setAttribute("data-theme", theme);
})();
