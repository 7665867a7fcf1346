import { type ReactNode, useEffect, useState } from "react";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { IconButton } from "@/shared/ui/icon-button";
import { CheckIcon, CopyIcon, LinkIcon } from "@/shared/ui/icons";

interface Props {
  text: string | (() => string);
  /** The same for programs that take rich text. */
  richText?: (button: Element) => string | undefined;
  label: string;
  icon?: ReactNode;
}

/** Copies the address at which the chat opens at this message. */
export function CopyLinkButton({ id }: { id: string }) {
  const address = () => {
    const link = new URL(window.location.href);
    link.search = new URLSearchParams({ message: id }).toString();
    link.hash = "";
    return link.href;
  };
  return <CopyButton text={address} label={strings.message.copyLink} icon={<LinkIcon />} />;
}

export function CopyButton({ text, richText, label, icon = <CopyIcon /> }: Props) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [isCopied]);

  const copy = async (button: Element) => {
    try {
      await write(typeof text === "string" ? text : text(), richText?.(button));
      setCopied(true);
      announce(strings.message.copied);
    } catch {
      announce(strings.message.copyFailed, { assertive: true });
    }
  };
  return (
    <IconButton
      label={isCopied ? strings.message.copied : label}
      icon={isCopied ? <CheckIcon /> : icon}
      onClick={({ currentTarget }) => void copy(currentTarget)}
    />
  );
}

async function write(text: string, html: string | undefined): Promise<void> {
  if (html === undefined || typeof ClipboardItem === "undefined")
    return navigator.clipboard.writeText(text);
  const blob = (type: string, data: string) => ({ [type]: new Blob([data], { type }) });
  const item = { ...blob("text/plain", text), ...blob("text/html", html) };
  return navigator.clipboard.write([new ClipboardItem(item)]);
}
