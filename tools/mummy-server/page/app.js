// The demo page: three parts that know nothing of each other.
import { startFigures } from "./figures.js";
import { startChat } from "./chat.js";
import { startUploads } from "./uploads.js";

const find = id => document.getElementById(id);

startFigures(find);
startChat(find);
startUploads(find);
