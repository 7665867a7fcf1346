import { memo, useState } from "react";
import { createRoot } from "react-dom/client";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";

const plugins = [remarkGfm];
const Message = memo(function Message({ text }: { text: string }) {
  return <Markdown remarkPlugins={plugins}>{text}</Markdown>;
});

/** The page that most would write: every message in the document, and the growing one rendered anew with each delta. */
function Page({ messages }: { messages: string[] }) {
  const [growing, setGrowing] = useState("");
  window.deliver = (frame) => {
    const { content } = frame as { content: [number, number, string] };
    setGrowing((text) => text + content[2]);
  };
  return (
    <>
      <main>
        {messages.map((text, index) => (
          <article key={index}>
            <Message text={text} />
          </article>
        ))}
        <article aria-busy="true">
          <Message text={growing} />
        </article>
      </main>
      <textarea aria-label="Message" rows={3} />
    </>
  );
}

const messages: string[] = await (await fetch("/plain/messages.json")).json();
createRoot(document.body).render(<Page messages={messages} />);
