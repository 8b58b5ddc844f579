import "../style/base.css";
import { onlyOnce } from "./form.js";

onlyOnce(document.querySelector("form"));
