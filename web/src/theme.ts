/** The person's choice of appearance: "" follows the system. The server reads it too, so no page flashes. */
export type Theme = "" | "light" | "dark";

const cookie = "roomful_theme";

export function chosenTheme(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "";
}

export function chooseTheme(theme: Theme): void {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
  const days = theme ? 365 : 0;
  document.cookie = `${cookie}=${theme}; path=/; max-age=${days * 86_400}; samesite=lax`;
}
