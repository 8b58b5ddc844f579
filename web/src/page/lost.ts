import "../style/base.css";

const form = document.querySelector<HTMLFormElement>("#code-form");
const code = document.querySelector<HTMLInputElement>("#code");
if (form && code) {
  form.hidden = false;
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const typed = code.value.replace(/[^A-Za-z0-9_-]/g, "");
    if (typed) location.assign(`/e/${typed.toLowerCase()}`);
  });
}
