import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { CheckIcon } from "./icons";
import { usePortalRoot } from "./portal-root";

const row =
  "flex min-h-9 items-center gap-3 rounded-control px-3 text-14 outline-none data-highlighted:bg-bubble pointer-coarse:min-h-11";

interface Props {
  trigger: ReactNode;
  align?: "start" | "end";
  side?: "top" | "bottom";
  onCloseAutoFocus?: (event: Event) => void;
  children: ReactNode;
}

/** A menu at its trigger. Not modal: a modal one locks the scroll by writing a style element. */
export function Menu({
  trigger,
  align = "end",
  side = "bottom",
  onCloseAutoFocus,
  children,
}: Props) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={usePortalRoot()}>
        <DropdownMenu.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onCloseAutoFocus}
          className="z-40 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 animate-appear overflow-y-auto rounded-block border border-line bg-raised p-1 shadow-float"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ItemProps {
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect?: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, danger, disabled, onSelect, children }: ItemProps) {
  return (
    <DropdownMenu.Item
      disabled={disabled}
      onSelect={onSelect}
      className={`${row} data-disabled:text-faint ${danger ? "text-danger" : ""}`}
    >
      {icon}
      {children}
    </DropdownMenu.Item>
  );
}

/** Saves what the address gives as a file. */
export function MenuDownload({ href, icon, children }: { href: string } & ItemProps) {
  return (
    <DropdownMenu.Item asChild className={row}>
      <a href={href} download>
        {icon}
        {children}
      </a>
    </DropdownMenu.Item>
  );
}

interface ChoiceProps {
  value: string | undefined;
  options: string[];
  onChange: (value: string) => void;
}

export function MenuChoice({ value, options, onChange }: ChoiceProps) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={onChange}>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option} value={option} className={`${row} justify-between`}>
          {option}
          <DropdownMenu.ItemIndicator>
            <CheckIcon />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
